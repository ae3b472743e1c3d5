import { expect, test } from "vitest";

import { failedCondition, formatAgo, formatValue, toneOf, valueAt } from "./values";

test("a path leads through lists", () => {
  const machine = { ports: [{ address: "10.0.0.1" }, { address: "10.0.0.2" }] };
  expect(valueAt(machine, "ports.*.address")).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(valueAt(machine, "ports.1.address")).toBe("10.0.0.2");
  expect(valueAt(machine, "disks.*.id")).toEqual([]);
  expect(valueAt(null, "name")).toBeUndefined();
});

test("the first condition that does not hold is the one that is told", () => {
  const conditions = [
    { field: "state", in: ["stopped"], reason: "running" },
    { field: "checkpoints", present: false, reason: "checkpoints" },
  ];
  expect(failedCondition({ state: "running", checkpoints: 1 }, conditions)?.reason).toBe("running");
  expect(failedCondition({ state: "stopped", checkpoints: 1 }, conditions)?.reason).toBe("checkpoints");
  expect(failedCondition({ state: "stopped", checkpoints: null }, conditions)).toBeNull();
});

test("sizes are written with the unit that fits", () => {
  expect(formatValue("mib", 1536, "en")).toBe("1.5 GiB");
  expect(formatValue("gib", 2048, "de")).toBe("2 TiB");
  expect(formatValue("bytes", 0, "en")).toBe("0 B");
  expect(formatValue("mib", null, "en")).toBe("");
});

test("how long ago something was is told in the unit that fits", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  expect(formatAgo("2026-01-01T21:00:00Z", now, "en")).toBe("3 hours ago");
  expect(formatAgo("2026-01-02T00:00:05Z", now, "en")).toBe("now");
});

test("a state that nobody has heard of is in motion when its word says so", () => {
  expect(toneOf("migrating")).toBe("busy");
  expect(toneOf("running")).toBe("good");
  expect(toneOf("odd")).toBe("neutral");
});
