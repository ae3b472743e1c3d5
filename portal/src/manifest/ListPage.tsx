/** A collection as a page: found, ordered and filtered by the server; everything about it stands in the address. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useNavigate, useSearch } from "@tanstack/react-router";

import { ResourceList } from "./ResourceList";
import { usePageTitle } from "@/shell/pageTitle";
import { validListSearch, type ListSearch } from "./odata";
import { useTexts } from "./texts";
import type { ResourceManifest } from "./types";

const useStyles = makeStyles({
  page: { display: "flex", flexDirection: "column", height: "100%", minHeight: 0 },
  title: { flexShrink: 0, margin: "0 0 8px", fontSize: tokens.fontSizeBase600, fontWeight: tokens.fontWeightSemibold },
});

export interface ListPageProps {
  manifest: ResourceManifest;
  values: Readonly<Record<string, unknown>>;
}

export function ListPage({ manifest, values }: ListPageProps) {
  const styles = useStyles();
  const texts = useTexts(manifest);
  const navigate = useNavigate();
  const search = validListSearch(useSearch({ strict: false }));
  usePageTitle(texts.title);
  const onSearch = (next: ListSearch) => void navigate({ to: ".", search: next, replace: true });
  return (
    <div className={styles.page}>
      <h1 className={styles.title}>{texts.title}</h1>
      <ResourceList manifest={manifest} values={values} search={search} onSearch={onSearch} />
    </div>
  );
}
