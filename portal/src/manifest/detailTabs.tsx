/** The tabs that every detail page has: calls, operations, history; and lists of what belongs to the resource. */
import { Button, makeStyles, tokens } from "@fluentui/react-components";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { LifecycleEvent, Operation, Page, Resource } from "@/api/wire";
import { usePermissions } from "@/session/session";
import { useCurrentSubscription } from "@/session/subscriptions";
import { OperationEntry } from "@/shell/NotificationsButton";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { cliCommand, curlCommand } from "./calls";
import { CodeBlock } from "./JsonView";
import { literal, type ListSearch } from "./odata";
import { listAddress } from "./addresses";
import { useManifest } from "./portal";
import { ResourceList } from "./ResourceList";
import type { Texts } from "./texts";
import type { RelatedManifest, ResourceManifest } from "./types";
import { useEventWords } from "./eventWords";
import { formatInstant, nameOf } from "./values";

const OPERATIONS = 20;
const EVENTS = 50;

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, maxWidth: "800px" },
  event: {
    display: "grid",
    gridTemplateColumns: "minmax(130px, 180px) minmax(0, 1fr)",
    gap: "4px 16px",
    padding: "8px 0",
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    "@media (max-width: 640px)": { gridTemplateColumns: "minmax(0, 1fr)" },
  },
  when: { color: tokens.colorNeutralForeground3 },
  data: {
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
    overflowWrap: "anywhere",
  },
  related: { display: "flex", flexDirection: "column", height: "min(520px, 65vh)" },
  link: { color: tokens.colorBrandForegroundLink },
  call: { marginBottom: "16px" },
  title: { margin: "0 0 4px", fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
});

export function CallsTab(props: { manifest: ResourceManifest; resource: Resource; texts: Texts; path: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const { manifest, resource, texts, path } = props;
  const values = { ...resource, name: nameOf(resource) };
  const calls = (manifest.actions ?? []).map((action) => ({
    title: texts.text(`actions.${action.id}.title`),
    cli: action.cli === undefined ? null : cliCommand(action.cli, values),
    curl: curlCommand(action.method, fillPathOr(action.path, resource), action.body),
  }));
  const show = manifest.cli === undefined ? null : cliCommand(`zaffre ${manifest.cli} show {name}`, values);
  const all = [{ title: t("calls.show"), cli: show, curl: curlCommand("GET", path) }, ...calls];
  return all.map((one) => (
    <section key={one.title} className={styles.call} aria-label={one.title}>
      <h2 className={styles.title}>{one.title}</h2>
      <CodeBlock text={one.cli === null ? one.curl : `${one.cli}\n\n${one.curl}`} label={one.title} />
    </section>
  ));
}

function fillPathOr(template: string, resource: Resource): string {
  try {
    return fillPath(template, resource);
  } catch {
    return template;
  }
}

export function OperationsTab({ resource }: { resource: Resource }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const parameters = {
    $filter: `resource_id eq ${literal(resource.id)}`,
    $orderby: "created_at desc",
    $top: String(OPERATIONS),
  };
  const query = useInfiniteQuery({
    queryKey: keys.list("operation", "/operations", parameters),
    queryFn: async ({ pageParam, signal }) =>
      (
        await call<Page<Operation>>("GET", pageParam ?? "/operations", {
          signal,
          ...(pageParam === null ? { query: parameters } : {}),
        })
      ).body,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page["@odata.nextLink"] ?? null,
  });
  const operations = query.data?.pages.flatMap((page) => page.value) ?? [];
  return (
    <>
      <ProblemMessage error={query.error} />
      {query.isSuccess && operations.length === 0 ? <p>{t("notifications.none")}</p> : null}
      <ul className={styles.list}>
        {operations.map((operation) => (
          <OperationEntry key={operation.id} operation={operation} />
        ))}
      </ul>
      <More query={query} />
    </>
  );
}

export function HistoryTab({ resource }: { resource: Resource }) {
  const styles = useStyles();
  const { i18n } = useTranslation();
  const words = useEventWords();
  const query = useInfiniteQuery({
    queryKey: keys.history(resource.id),
    queryFn: async ({ pageParam, signal }) =>
      (
        await call<{ value: LifecycleEvent[]; before: string | null }>("GET", "/events/history", {
          signal,
          query: { resource_id: resource.id, $top: EVENTS, before: pageParam },
        })
      ).body,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.before,
  });
  const events = query.data?.pages.flatMap((page) => page.value) ?? [];
  return (
    <>
      <ProblemMessage error={query.error} />
      <AuditLink resource={resource} />
      <ul className={styles.list}>
        {events.map((event) => (
          <li key={event.id} className={styles.event}>
            <time dateTime={event.occurred_at} className={styles.when}>
              {formatInstant(event.occurred_at, i18n.language)}
            </time>
            <span>
              {words(event.kind)}
              <div className={styles.data}>
                {[`${event.actor_kind} ${event.actor_id}`, dataText(event.data)].filter(Boolean).join(" · ")}
              </div>
            </span>
          </li>
        ))}
      </ul>
      <More query={query} />
    </>
  );
}

/** The way to who did what with a resource, and how it was before. */
function AuditLink({ resource }: { resource: Resource }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const may = usePermissions();
  const audit = useManifest("audit_record");
  const { subscription } = useCurrentSubscription();
  if (audit === null || !may(audit.nav?.permission)) return null;
  const search: ListSearch = { f: { resource_id: [resource.id] } };
  return (
    <p>
      <Link to={listAddress(audit, subscription?.id ?? null)} search={search} className={styles.link}>
        {t("tabs.audit_link")}
      </Link>
    </p>
  );
}

function dataText(data: Record<string, unknown>): string {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}

interface Pageable {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

function More({ query }: { query: Pageable }) {
  const { t } = useTranslation();
  if (!query.hasNextPage) return null;
  return (
    <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      {t("list.more")}
    </Button>
  );
}

export function RelatedTab({ related, resource }: { related: RelatedManifest; resource: Resource }) {
  const styles = useStyles();
  const manifest = useManifest(related.type);
  const [search, setSearch] = useState<ListSearch>({});
  if (manifest === null) return null;
  return (
    <div className={styles.related}>
      <ResourceList
        manifest={manifest}
        values={resource}
        search={search}
        onSearch={setSearch}
        path={related.path}
        filter={related.filter === undefined ? null : fillPath(related.filter, resource)}
        creatable={false}
      />
    </div>
  );
}
