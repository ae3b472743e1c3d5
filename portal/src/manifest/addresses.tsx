/** The portal's addresses of lists and resources. */
import { Link } from "@tanstack/react-router";
import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { Resource } from "@/api/wire";
import type { ResourceManifest } from "./types";

/** Return a list's address. */
export function listAddress(manifest: ResourceManifest, subscriptionId: string | null): string {
  return manifest.scope === "subscription"
    ? `/subscriptions/${subscriptionId ?? "none"}/${manifest.slug}`
    : `/${manifest.slug}`;
}

/** Return a resource's address. */
export function itemAddress(
  manifest: ResourceManifest,
  resource: Pick<Resource, "id"> & Record<string, unknown>,
): string {
  const subscriptionId = resource["subscription_id"];
  return `${listAddress(manifest, typeof subscriptionId === "string" ? subscriptionId : null)}/${resource.id}`;
}

const useStyles = makeStyles({
  link: {
    color: tokens.colorBrandForegroundLink,
    textDecorationLine: "none",
    fontWeight: tokens.fontWeightSemibold,
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    borderRadius: tokens.borderRadiusSmall,
    ":hover": { textDecorationLine: "underline" },
  },
});

export function ResourceLink(props: {
  manifest: ResourceManifest;
  resource: Pick<Resource, "id"> & Record<string, unknown>;
  children: ReactNode;
}) {
  const styles = useStyles();
  return (
    <Link to={itemAddress(props.manifest, props.resource)} className={styles.link}>
      {props.children}
    </Link>
  );
}
