import { describe, expect, test, vi } from "vitest";

import { EventFeed, EventParser, reconnectDelayMs } from "./eventStream";
import type { LifecycleEvent } from "./wire";

type Parsed = [id: string | null, kind: string | null, data: string | null];

function parsed(...pieces: string[]): Parsed[] {
  const seen: Parsed[] = [];
  const parser = new EventParser((...event) => seen.push(event));
  for (const piece of pieces) parser.push(piece);
  return seen;
}

describe("server-sent events", () => {
  test("are whole however their text is cut", () => {
    const text = 'id: 1.2\nevent: virtual_machine.ready\ndata: {"a": 1}\n\n';
    const whole: Parsed[] = [["1.2", "virtual_machine.ready", '{"a": 1}']];
    expect(parsed(text)).toEqual(whole);
    expect(parsed(...text.split(/(?=.)/s))).toEqual(whole);
  });

  test("may be comments, with or without a cursor", () => {
    expect(parsed(": still here\n\nid: 1.3\n: connected\n\n")).toEqual([
      [null, null, null],
      ["1.3", null, null],
    ]);
  });

  test("wait for their end", () => {
    expect(parsed("id: 1.4\ndata: {}\n")).toEqual([]);
  });
});

test("who fails to connect waits longer each time, up to a bound, and not in step with others", () => {
  expect(reconnectDelayMs(0, 1)).toBeLessThanOrEqual(500);
  expect(reconnectDelayMs(3, 0)).toBeLessThan(reconnectDelayMs(3, 1));
  expect(reconnectDelayMs(30, 1)).toBe(30_000);
});

function answer(...pieces: string[]): Response {
  return new Response(pieces.join(""), { headers: { "content-type": "text/event-stream" } });
}

test("a feed that was cut goes on behind the last event that was seen", async () => {
  const cursors: (string | null)[] = [];
  const seen: string[] = [];
  const feed = new EventFeed({
    open: (after) => {
      cursors.push(after);
      const number = cursors.length;
      return Promise.resolve(answer(`id: 7.${number}\nevent: host.added\ndata: {"id": "${number}"}\n\n`));
    },
    onEvent: (event: LifecycleEvent) => seen.push(event.id),
    onGap: () => undefined,
  });
  feed.start();
  await vi.waitFor(() => expect(cursors.length).toBeGreaterThan(2), { timeout: 5_000 });
  feed.stop();
  expect(cursors.slice(0, 3)).toEqual([null, "7.1", "7.2"]);
  expect(seen.slice(0, 2)).toEqual(["1", "2"]);
});
