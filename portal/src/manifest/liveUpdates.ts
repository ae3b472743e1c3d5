/**
 * What an event changes in the cache: exactly the resource that it is about.
 *
 * A row that changed is read alone and replaced where it stands, so that rows never jump; one that is gone is taken out;
 * where one may have come, a list of one page is read again and a longer one is marked, for its reader to decide. Events
 * are taken together for a moment, so that a storm of them costs little.
 */
import type { InfiniteData, Query, QueryClient, QueryKey } from "@tanstack/react-query";

import { keys } from "@/api/keys";
import { problemOf } from "@/api/problem";
import { call, fillPath } from "@/api/transport";
import type { LifecycleEvent, Page, Resource } from "@/api/wire";
import type { PortalDefinition } from "./portal";
import type { ResourceManifest } from "./types";

const GATHER_MS = 250;
/** More rows than this are not read one by one: the list is read again. */
const ROWS_AT_ONCE = 20;
const PROGRESSED = "operation.progressed";
const GONE = /\.(deleted|removed|revoked|create_failed|add_failed)$/;

type Pages = InfiniteData<Page<Resource>>;

export class LiveUpdates {
  private gathered = new Map<string, LifecycleEvent>();
  private timer: number | undefined;

  constructor(
    private readonly client: QueryClient,
    private readonly portal: PortalDefinition,
    private readonly onOutdated: (listKey: string) => void,
  ) {}

  /** Take an event. The last one about a resource within a moment stands for all. */
  readonly take = (event: LifecycleEvent): void => {
    const subject = event.kind.startsWith("operation.") ? `operation ${event.operation_id ?? ""}` : event.resource_id;
    this.gathered.set(`${event.resource_type} ${subject}`, event);
    this.timer ??= window.setTimeout(() => this.apply(), GATHER_MS);
  };

  /** Everything may be out of date: read again what is on the screen. */
  readonly readAnew = (): void => {
    void this.client.invalidateQueries();
  };

  private apply(): void {
    const events = [...this.gathered.values()];
    this.gathered = new Map();
    this.timer = undefined;
    const operations = events.filter((event) => event.kind.startsWith("operation."));
    for (const event of operations) progress(this.client, event);
    const resources = events.filter((event) => !event.kind.startsWith("operation."));
    if (operations.some((event) => event.kind !== PROGRESSED)) {
      this.outdate({ queryKey: keys.type("operation") });
    }
    for (const type of new Set(resources.map((event) => event.resource_type))) {
      this.applyToType(
        type,
        resources.filter((event) => event.resource_type === type),
      );
    }
    for (const id of new Set(resources.map((event) => event.resource_id))) {
      this.outdate({ queryKey: keys.history(id) });
    }
    this.outdate({ queryKey: keys.history(null) });
    for (const id of new Set(resources.flatMap((event) => event.subscription_id ?? []))) {
      this.outdate({ queryKey: keys.usage(id) });
    }
  }

  private applyToType(type: string, events: readonly LifecycleEvent[]): void {
    for (const event of events) {
      this.outdate({ queryKey: ["resource", type, "facet", event.resource_id] });
    }
    const manifest = this.portal.resources.find((one) => one.type === type) ?? null;
    const gone = new Set(events.filter((event) => GONE.test(event.kind)).map((event) => event.resource_id));
    const changed = events.filter((event) => !gone.has(event.resource_id));
    for (const query of this.lists(type)) {
      if (!isPaged(query.state.data)) {
        // A count, or a choice of a few: nothing in it can be patched.
        this.outdate({ queryKey: query.queryKey, exact: true });
        continue;
      }
      if (gone.size > 0) takeOut(this.client, query, gone);
      if (query.isActive()) this.applyToList(query, manifest, changed);
      else query.invalidate();
    }
    for (const event of events) this.outdate({ queryKey: keys.item(type, event.resource_id) });
  }

  private applyToList(query: Query, manifest: ResourceManifest | null, changed: readonly LifecycleEvent[]): void {
    const shown = idsIn(query.state.data as Pages | undefined);
    const known = changed.filter((event) => shown.has(event.resource_id));
    if (manifest?.paths.item === undefined || known.length > ROWS_AT_ONCE) {
      if (changed.length > 0) this.outdate({ queryKey: query.queryKey, exact: true });
      return;
    }
    for (const event of known) void this.readRow(query, manifest, event);
    if (known.length < changed.length) this.mayHaveCome(query);
  }

  private async readRow(query: Query, manifest: ResourceManifest, event: LifecycleEvent): Promise<void> {
    const values = rowOf(query.state.data as Pages | undefined, event.resource_id) ?? {};
    const subscription = event.subscription_id === null ? {} : { subscription_id: event.subscription_id };
    const path = fillPath(manifest.paths.item ?? "", { ...values, ...subscription, id: event.resource_id });
    try {
      const row = await this.client.query({
        queryKey: keys.item(manifest.type, event.resource_id),
        queryFn: async () => (await call<Resource>("GET", path)).body,
        staleTime: 0,
      });
      putIn(this.client, query, row);
    } catch (error) {
      // Anything but "there is no such thing" leaves the row as it was; the next event or reading mends it.
      if (problemOf(error).status === 404) takeOut(this.client, query, new Set([event.resource_id]));
    }
  }

  /** Something that the list does not show has changed: it may belong into it, or lie on a page not yet read. */
  private mayHaveCome(query: Query): void {
    const pages = (query.state.data as Pages | undefined)?.pages ?? [];
    if (pages.length <= 1) this.outdate({ queryKey: query.queryKey, exact: true });
    else this.onOutdated(query.queryHash);
  }

  /** Have it read again, also when it is being read for the first time: that answer may be older than the event. */
  private outdate(filters: { queryKey: QueryKey; exact?: boolean }): void {
    for (const query of this.client.getQueryCache().findAll(filters)) {
      if (query.state.data !== undefined || query.state.fetchStatus === "idle") continue;
      const again = () => this.client.invalidateQueries({ queryKey: query.queryKey, exact: true });
      void query.promise?.then(again, () => undefined);
    }
    void this.client.invalidateQueries(filters);
  }

  private lists(type: string): Query[] {
    return this.client.getQueryCache().findAll({ queryKey: keys.lists(type) });
  }
}

function isPaged(data: unknown): boolean {
  return data === undefined || (typeof data === "object" && data !== null && "pages" in data);
}

function idsIn(data: Pages | undefined): Set<string> {
  return new Set(data?.pages.flatMap((page) => page.value.map((row) => row.id)));
}

function rowOf(data: Pages | undefined, id: string): Resource | undefined {
  for (const page of data?.pages ?? []) {
    const row = page.value.find((one) => one.id === id);
    if (row !== undefined) return row;
  }
  return undefined;
}

function putIn(client: QueryClient, query: Query, row: Resource): void {
  client.setQueryData<Pages>(query.queryKey, (data) =>
    data === undefined ? data : { ...data, pages: data.pages.map((page) => replaced(page, row)) },
  );
}

function replaced(page: Page<Resource>, row: Resource): Page<Resource> {
  const place = page.value.findIndex((one) => one.id === row.id);
  return place < 0 ? page : { ...page, value: page.value.with(place, { ...page.value[place], ...row }) };
}

function takeOut(client: QueryClient, query: Query, ids: ReadonlySet<string>): void {
  client.setQueryData<Pages>(query.queryKey, (data) => {
    if (data === undefined) return data;
    const taken = data.pages.flatMap((page) => page.value).filter((row) => ids.has(row.id)).length;
    if (taken === 0) return data;
    return { ...data, pages: data.pages.map((page) => without(page, ids, taken)) };
  });
}

function without(page: Page<Resource>, ids: ReadonlySet<string>, taken: number): Page<Resource> {
  const count = page["@odata.count"];
  const left = page.value.filter((row) => !ids.has(row.id));
  return { ...page, value: left, ...(typeof count === "number" ? { "@odata.count": count - taken } : {}) };
}

/** Move an operation's progress on where it is shown; the event says all there is to know. */
function progress(client: QueryClient, event: LifecycleEvent): void {
  const { operation_id: id, data } = event;
  if (event.kind !== PROGRESSED || id === null) return;
  const news = { progress_percent: data["percent"], step: data["step"], sentence: data["sentence"] };
  client.setQueryData<Resource>(keys.item("operation", id), (known) =>
    known === undefined ? known : { ...known, ...news },
  );
  for (const query of client.getQueryCache().findAll({ queryKey: keys.lists("operation") })) {
    if (isPaged(query.state.data) && idsIn(query.state.data as Pages | undefined).has(id))
      putIn(client, query, { id, ...news });
  }
}
