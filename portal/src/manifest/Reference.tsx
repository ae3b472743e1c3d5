/** The name of another resource, linked to it. */
import { useQuery } from "@tanstack/react-query";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { Resource } from "@/api/wire";
import { ResourceLink } from "./addresses";
import { useManifest } from "./portal";
import { titleOf, useTexts } from "./texts";
import type { ReferenceManifest } from "./types";
import { valueAt } from "./values";

export interface ReferenceProps {
  reference: ReferenceManifest;
  id: string;
  /** The resource that refers; gives the names in braces of the other's path. */
  resource: Resource;
}

export function Reference({ reference, id, resource }: ReferenceProps) {
  const manifest = useManifest(reference.type);
  const texts = useTexts(manifest ?? { namespace: "frame", slug: "" });
  const known = reference.nameField === undefined ? undefined : valueAt(resource, reference.nameField);
  const found = useQuery({
    queryKey: keys.item(reference.type, id),
    queryFn: async ({ signal }) =>
      (await call<Resource>("GET", fillPath(manifest?.paths.item ?? "", { ...resource, id }), { signal })).body,
    enabled: manifest?.paths.item !== undefined && typeof known !== "string",
  });
  const read = found.data === undefined ? shortened(id) : titleOf(manifest ?? {}, found.data, texts);
  const name = typeof known === "string" ? known : read;
  if (manifest?.paths.item === undefined || found.isError) return <span title={id}>{name}</span>;
  return (
    <ResourceLink manifest={manifest} resource={{ ...resource, id }}>
      {name}
    </ResourceLink>
  );
}

function shortened(id: string): string {
  return id.length > 13 ? `…${id.slice(-12)}` : id;
}
