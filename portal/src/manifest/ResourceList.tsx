/** Rows of a collection with everything around them: as a page's content, or inside another resource's tab. */
import {
  Button,
  makeStyles,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  SearchBox,
  Text,
  tokens,
} from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { hashKey } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { usePermissions } from "@/session/session";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { listAddress } from "./addresses";
import { BulkBar, listActions } from "./BulkBar";
import { ColumnChooser } from "./ColumnChooser";
import { ExportMenu } from "./ExportMenu";
import { FilterPills } from "./FilterPills";
import { ListTable } from "./ListTable";
import type { ListSearch } from "./odata";
import { markCurrent, useOutdated } from "./outdated";
import { useSelection } from "./selection";
import { useTexts } from "./texts";
import type { ResourceManifest } from "./types";
import { useResourceList } from "./useResources";

const SEARCH_DELAY_MS = 150;

const useStyles = makeStyles({
  bar: { display: "flex", alignItems: "center", gap: "8px", flexWrap: "wrap", paddingBottom: "8px" },
  search: { width: "260px", maxWidth: "100%" },
  end: { display: "flex", alignItems: "center", gap: "4px", marginLeft: "auto" },
  count: { color: tokens.colorNeutralForeground3 },
  notice: { marginBottom: "8px", flexShrink: 0 },
});

export interface ResourceListProps {
  manifest: ResourceManifest;
  /** What the path's braces are filled with. */
  values: Readonly<Record<string, unknown>>;
  search: ListSearch;
  onSearch: (search: ListSearch) => void;
  /** A path other than the manifest's. */
  path?: string | undefined;
  /** A `$filter` that always holds. */
  filter?: string | null;
  /** Whether to offer making one here. Default: true. */
  creatable?: boolean;
}

export function ResourceList(props: ResourceListProps) {
  const { manifest, values, search, onSearch, path, filter = null, creatable = true } = props;
  const styles = useStyles();
  const { t } = useTranslation();
  const texts = useTexts(manifest);
  const list = useResourceList({ manifest, values, search, filter, ...(path === undefined ? {} : { path }) });
  const { query, rows, count } = list;
  const selection = useSelection();
  const selected = rows.filter((row) => selection.ids.has(row.id));
  const may = usePermissions();
  const selectable = listActions(manifest).some((action) => may(action.permission));
  const narrowed = (search.q ?? "") !== "" || search.f !== undefined;
  return (
    <>
      <div className={styles.bar}>
        {creatable ? <CreateButton manifest={manifest} values={values} /> : null}
        {manifest.search === true ? (
          <ListSearchBox text={search.q ?? ""} onText={(q) => onSearch({ ...search, q: q === "" ? undefined : q })} />
        ) : null}
        <FilterPills manifest={manifest} texts={texts} search={search} onSearch={onSearch} values={values} />
        <span className={styles.end}>
          <Text className={styles.count} role="status" size={200}>
            {count === null ? "" : t("list.count", { count })}
          </Text>
          <ExportMenu manifest={manifest} search={search} path={list.path} parameters={list.parameters} />
          <ColumnChooser manifest={manifest} texts={texts} search={search} onSearch={onSearch} />
        </span>
      </div>
      {selected.length > 0 ? (
        <BulkBar
          manifest={manifest}
          texts={texts}
          selected={selected}
          values={values}
          onClear={() => selection.set(new Set())}
        />
      ) : null}
      <OutdatedNotice hash={hashKey(keys.list(manifest.type, list.path, list.parameters))} onLook={list.readAnew} />
      <ProblemMessage error={query.error} onRetry={() => void query.refetch()} />
      <ListTable
        manifest={manifest}
        texts={texts}
        values={values}
        rows={rows}
        loading={query.isPending}
        stale={query.isPlaceholderData}
        narrowed={narrowed}
        onWiden={() => onSearch({ ...search, q: undefined, f: undefined })}
        search={search}
        onSearch={onSearch}
        onEnd={() => {
          if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
        }}
        total={count}
        {...(selectable ? { selection } : {})}
      />
    </>
  );
}

function CreateButton({ manifest, values }: { manifest: ResourceManifest; values: Readonly<Record<string, unknown>> }) {
  const texts = useTexts(manifest);
  const navigate = useNavigate();
  const may = usePermissions();
  if (manifest.create === undefined || !may(manifest.create.permission)) return null;
  const subscription = values["subscription_id"];
  const address = listAddress(manifest, typeof subscription === "string" ? subscription : null);
  return (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => void navigate({ to: `${address}/new` })}>
      {texts.text("create.title")}
    </Button>
  );
}

function OutdatedNotice({ hash, onLook }: { hash: string; onLook: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  if (!useOutdated(hash)) return null;
  const look = () => {
    markCurrent(hash);
    onLook();
  };
  return (
    <MessageBar intent="info" className={styles.notice}>
      <MessageBarBody>{t("list.outdated")}</MessageBarBody>
      <MessageBarActions>
        <Button size="small" onClick={look}>
          {t("list.look")}
        </Button>
      </MessageBarActions>
    </MessageBar>
  );
}

function ListSearchBox({ text, onText }: { text: string; onText: (text: string) => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [typed, setTyped] = useState(text);
  const [last, setLast] = useState(text);
  // The address changed by other means than typing here: back, or a filter's "show all".
  if (text !== last) {
    setLast(text);
    setTyped(text);
  }
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = window.setTimeout(() => {
      setLast(typed);
      onText(typed);
    }, SEARCH_DELAY_MS);
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
