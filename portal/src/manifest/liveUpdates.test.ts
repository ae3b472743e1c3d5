import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { keys } from "@/api/keys";
import type { LifecycleEvent, Resource } from "@/api/wire";
import { LiveUpdates } from "./liveUpdates";
import type { PortalDefinition } from "./portal";

const SUBSCRIPTION = "00000000-0000-7000-8000-000000000001";
const LIST = `/subscriptions/${SUBSCRIPTION}/virtual-machines`;
const portal: PortalDefinition = {
  face: "tenant",
  sections: [],
  pages: [],
  resources: [
    {
      type: "virtual_machine",
      slug: "virtual-machines",
      namespace: "virtual_machines",
      icon: "machine",
      scope: "subscription",
      paths: {
        list: "/subscriptions/{subscription_id}/virtual-machines",
        item: "/subscriptions/{subscription_id}/virtual-machines/{id}",
      },
      columns: [],
    },
  ],
};

function event(kind: string, id: string, more: Partial<LifecycleEvent> = {}): LifecycleEvent {
  return {
    cursor: "1.1",
    id: "e",
    kind,
    occurred_at: "2026-01-01T00:00:00Z",
    actor_kind: "system",
    actor_id: "tests",
    subscription_id: SUBSCRIPTION,
    resource_type: "virtual_machine",
    resource_id: id,
    resource_name: null,
    operation_id: null,
    data: {},
    ...more,
  };
}

describe("an event", () => {
  const requests: string[] = [];
  const outdated: string[] = [];
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  const updates = new LiveUpdates(client, portal, (hash) => outdated.push(hash));
  const queryKey = keys.list("virtual_machine", LIST, {});
  let stop: () => void;

  function rows(): Resource[] {
    const data = client.getQueryData<{ pages: { value: Resource[] }[] }>(queryKey);
    return data?.pages.flatMap((page) => page.value) ?? [];
  }

  function show(pages: Resource[][]): void {
    const data = { pages: pages.map((value) => ({ value, "@odata.count": 9 })), pageParams: pages.map(() => null) };
    client.setQueryData(queryKey, data);
    const read = () => {
      requests.push(LIST);
      return data;
    };
    stop = new QueryObserver(client, { queryKey, queryFn: read }).subscribe(() => undefined);
  }

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("fetch", (request: Request) => {
      const path = new URL(request.url).pathname;
      requests.push(path);
      const id = path.split("/").at(-1) ?? "";
      if (id === "unreachable") return Promise.reject(new TypeError("network"));
      return Promise.resolve(Response.json({ id, name: "read again", state: "running" }));
    });
  });

  afterEach(() => {
    stop();
    client.clear();
    requests.length = 0;
    outdated.length = 0;
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  async function take(...events: LifecycleEvent[]): Promise<void> {
    for (const one of events) updates.take(one);
    await vi.advanceTimersByTimeAsync(1_000);
  }

  test("changes the row that it is about where it stands, with one request", async () => {
    show([
      [
        { id: "a", name: "a" },
        { id: "b", name: "b" },
      ],
      [{ id: "c", name: "c" }],
    ]);
    await take(event("virtual_machine.ready", "b"), event("virtual_machine.state_changed", "b"));
    expect(rows().map((row) => row.name)).toEqual(["a", "read again", "c"]);
    expect(requests).toEqual([`/api${LIST}/b`]);
  });

  test("takes out a row that is gone, without a request for it", async () => {
    show([[{ id: "a" }, { id: "b" }]]);
    await take(event("virtual_machine.deleted", "a"));
    expect(rows().map((row) => row.id)).toEqual(["b"]);
    expect(requests).toEqual([]);
  });

  test("about something new has a list of one page read again, and a longer one marked", async () => {
    show([[{ id: "a" }]]);
    await take(event("virtual_machine.created", "new"));
    expect(requests).toEqual([LIST]);
    stop();
    show([[{ id: "a" }], [{ id: "b" }]]);
    requests.length = 0;
    await take(event("virtual_machine.created", "new"));
    expect(requests).toEqual([]);
    expect(outdated.length).toBe(1);
  });

  test("leaves a row alone that cannot be read just now", async () => {
    show([[{ id: "unreachable", name: "as it was" }]]);
    await take(event("virtual_machine.ready", "unreachable"));
    expect(rows()[0]?.name).toBe("as it was");
  });

  test("that comes during the first reading has it read again, because that answer may be older", async () => {
    show([]);
    const answers = ["creating", "running"];
    const queryKey = keys.item("virtual_machine", "new");
    const read = () =>
      new Promise<Resource>((resolve) => {
        const state = answers.shift() ?? "read too often";
        window.setTimeout(() => resolve({ id: "new", state }), 5_000);
      });
    const leave = new QueryObserver<Resource>(client, { queryKey, queryFn: read }).subscribe(() => undefined);
    await take(event("virtual_machine.running", "new"));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(client.getQueryData(queryKey)).toMatchObject({ state: "running" });
    leave();
  });

  test("of progress moves the operation without any request", async () => {
    show([]);
    client.setQueryData(keys.item("operation", "o"), { id: "o", progress_percent: 0 });
    const data = { percent: 40, step: "make", sentence: "Making disks" };
    await take(event("operation.progressed", "a", { operation_id: "o", data }));
    expect(client.getQueryData(keys.item("operation", "o"))).toMatchObject({ progress_percent: 40, step: "make" });
    expect(requests).toEqual([]);
  });

  test("in a storm costs one reading of the list and not one per row", async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ id: `m${index}` }));
    show([many]);
    await take(
      ...many.flatMap((row) => [
        event("virtual_machine.state_changed", row.id),
        event("virtual_machine.ready", row.id),
      ]),
    );
    expect(requests).toEqual([LIST]);
  });
});
