/** What goes with a resource that is deleted: by name, up to a bound, and how many in all. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { useManifest } from "./portal";
import { useTexts } from "./texts";
import type { RelatedManifest, ResourceManifest } from "./types";
import { nameOf } from "./values";

const NAMED = 20;

export function Affected({ related, resource }: { related: RelatedManifest; resource: Resource }) {
  const manifest = useManifest(related.type);
  return manifest === null ? null : <AffectedList manifest={manifest} related={related} resource={resource} />;
}

function AffectedList(props: { manifest: ResourceManifest; related: RelatedManifest; resource: Resource }) {
  const { manifest, related, resource } = props;
  const { t } = useTranslation();
  const texts = useTexts(manifest);
  const path = fillPath(related.path ?? manifest.paths.list, resource);
  const filter = related.filter === undefined ? {} : { $filter: fillPath(related.filter, resource) };
  const query = manifest.queryable === false ? {} : { $top: String(NAMED), $count: "true", ...filter };
  const found = useQuery({
    queryKey: [...keys.lists(manifest.type), "affected", path, query],
    queryFn: async ({ signal }) => (await call<Page<Resource>>("GET", path, { query, signal })).body,
    staleTime: 0,
  });
  if (found.data === undefined || found.data.value.length === 0) return null;
  const more = (found.data["@odata.count"] ?? found.data.value.length) - found.data.value.length;
  return (
    <div>
      {t("confirm.affected", { what: texts.title })}
      <ul>
        {found.data.value.map((one) => (
          <li key={one.id}>{nameOf(one)}</li>
        ))}
        {more > 0 ? <li>{t("confirm.more", { count: more })}</li> : null}
      </ul>
    </div>
  );
}
