import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { keys } from "@/api/keys";
import type { LifecycleEvent } from "@/api/wire";
import { LiveUpdates } from "./liveUpdates";
import type { PortalDefinition } from "./portal";

const portal: PortalDefinition = { face: "tenant", sections: [], resources: [], pages: [] };

function event(kind: string, part: Partial<LifecycleEvent> = {}): LifecycleEvent {
  return {
    cursor: "1.1",
    id: "e",
    kind,
    occurred_at: "2026-01-01T00:00:00Z",
    actor_kind: "system",
    actor_id: "x",
    subscription_id: "s",
    resource_type: kind.split(".")[0] ?? "",
    resource_id: "r",
    resource_name: "web",
    operation_id: "o",
    data: {},
    ...part,
  };
}

describe("live updates", () => {
  const client = new QueryClient();
  const updates = new LiveUpdates(client, portal, () => undefined);

  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    client.clear();
  });

  const apply = (...events: LifecycleEvent[]) => {
    for (const one of events) updates.take(one);
    vi.advanceTimersByTime(1_000);
  };

  test("make counts and short choices out of date, whatever their shape", () => {
    const key = [...keys.lists("virtual_machine"), "count"];
    client.setQueryData(key, 3);
    apply(event("virtual_machine.created"));
    expect(client.getQueryState(key)?.isInvalidated).toBe(true);
  });

  test("take what is gone out of the pages that show it", () => {
    const key = keys.list("virtual_machine", "/x", {});
    const rows = { pages: [{ value: [{ id: "r" }, { id: "other" }], "@odata.count": 2 }], pageParams: [null] };
    client.setQueryData(key, rows);
    apply(event("virtual_machine.deleted"));
    expect(client.getQueryData(key)).toMatchObject({ pages: [{ value: [{ id: "other" }], "@odata.count": 1 }] });
  });

  test("move an operation's progress on where it is shown, and nowhere else", () => {
    const paged = keys.list("operation", "/operations", {});
    const plain = keys.list("operation", "/operations", { $top: "6" });
    client.setQueryData(paged, { pages: [{ value: [{ id: "o", progress_percent: 0 }] }], pageParams: [null] });
    client.setQueryData(plain, [{ id: "o", progress_percent: 0 }]);
    apply(event("operation.progressed", { data: { percent: 40, step: "make", sentence: "Making" } }));
    expect(client.getQueryData(paged)).toMatchObject({ pages: [{ value: [{ progress_percent: 40 }] }] });
  });
});
