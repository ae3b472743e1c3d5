/** Rows of a collection: as a page's content, or inside another resource's tab. */
import { makeStyles, SearchBox, Text, tokens } from "@fluentui/react-components";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { ProblemMessage } from "@/shell/ProblemMessage";
import { ListTable } from "./ListTable";
import type { ListSearch } from "./odata";
import { useTexts } from "./texts";
import type { ResourceManifest } from "./types";
import { useResourceList } from "./useResources";

const SEARCH_DELAY_MS = 200;

const useStyles = makeStyles({
  bar: { display: "flex", alignItems: "center", gap: "8px", flexWrap: "wrap", paddingBottom: "8px" },
  search: { width: "280px", maxWidth: "100%" },
  count: { color: tokens.colorNeutralForeground3, marginLeft: "auto" },
});

export interface ResourceListProps {
  manifest: ResourceManifest;
  values: Readonly<Record<string, unknown>>;
  search: ListSearch;
  onSearch: (search: ListSearch) => void;
  path?: string;
  filter?: string | null;
}

export function ResourceList({ manifest, values, search, onSearch, path, filter = null }: ResourceListProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const texts = useTexts(manifest);
  const { query, rows, count } = useResourceList({
    manifest,
    values,
    search,
    filter,
    ...(path === undefined ? {} : { path }),
  });
  return (
    <>
      <div className={styles.bar}>
        {manifest.search === true ? (
          <ListSearchBox text={search.q ?? ""} onText={(q) => onSearch({ ...search, q: q === "" ? undefined : q })} />
        ) : null}
        <Text className={styles.count} aria-live="polite" size={200}>
          {count === null ? "" : t("list.count", { count })}
        </Text>
      </div>
      <ProblemMessage error={query.error} onRetry={() => void query.refetch()} />
      <ListTable
        manifest={manifest}
        texts={texts}
        values={values}
        rows={rows}
        loading={query.isPending}
        search={search}
        onSearch={onSearch}
        onEnd={() => {
          if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
        }}
        total={count}
      />
    </>
  );
}

function ListSearchBox({ text, onText }: { text: string; onText: (text: string) => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed === text) return;
    const timer = window.setTimeout(() => onText(typed), SEARCH_DELAY_MS);
    return () => window.clearTimeout(timer);
  });
  return (
    <SearchBox
      className={styles.search}
      value={typed}
      placeholder={t("list.search")}
      aria-label={t("list.search")}
      onChange={(_, data) => setTyped(data.value)}
    />
  );
}
