/** Where the page stands. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import type { Resource } from "@/api/wire";
import { usePortal } from "@/manifest/portal";
import { textsOf, titleOf } from "@/manifest/texts";

const useStyles = makeStyles({
  list: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: "6px",
    listStyleType: "none",
    margin: "0 0 8px",
    padding: 0,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  link: {
    color: tokens.colorNeutralForeground2,
    textDecorationLine: "none",
    ":hover": { textDecorationLine: "underline" },
  },
});

interface Crumb {
  title: string;
  to: string | null;
}

export function Breadcrumb() {
  const styles = useStyles();
  const { t } = useTranslation();
  const crumbs = useCrumbs();
  if (crumbs.length < 2) return null;
  return (
    <nav aria-label={t("shell.breadcrumb")}>
      <ol className={styles.list}>
        {crumbs.map((crumb, index) => (
          <li key={crumb.title + String(index)}>
            {crumb.to === null ? (
              <span aria-current="page">{crumb.title}</span>
            ) : (
              <>
                <Link to={crumb.to} className={styles.link}>
                  {crumb.title}
                </Link>{" "}
                <span aria-hidden>›</span>
              </>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function useCrumbs(): Crumb[] {
  const { pathname } = useLocation();
  const portal = usePortal();
  const { t, i18n } = useTranslation(["frame", ...portal.resources.map((one) => one.namespace)]);
  const parts = pathname.split("/").filter((part) => part !== "");
  const [room, subscriptionId] = parts;
  const below = room === "subscriptions" && parts.length > 2 ? parts.slice(2) : parts;
  const prefix = room === "subscriptions" && parts.length > 2 ? `/subscriptions/${subscriptionId ?? ""}` : "";
  const [slug, id] = below;
  const manifest = portal.resources.find((one) => one.slug === slug);
  const home: Crumb = { title: t("shell.home"), to: "/" };
  // The page reads the resource; this only watches for its name.
  const known = useQuery<Resource>({ queryKey: keys.item(manifest?.type ?? "", id ?? ""), enabled: false }).data;
  if (manifest === undefined) return [home];
  const list: Crumb = { title: t(`${manifest.namespace}:title`), to: `${prefix}/${manifest.slug}` };
  if (id === undefined) return [home, { ...list, to: null }];
  if (id === "new") return [home, list, { title: t(`${manifest.namespace}:create.title`), to: null }];
  const texts = textsOf(manifest.namespace, manifest.slug, t, i18n.language);
  return [home, list, { title: known === undefined ? texts.singular : titleOf(manifest, known, texts), to: null }];
}
