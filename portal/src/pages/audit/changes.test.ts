import { expect, test } from "vitest";

import { changesOf } from "./changes";

test("what was created, changed or deleted is told field by field", () => {
  const record = { id: "1", before: { state: "private", name: "a" }, after: { name: "b", tags: { tier: "gold" } } };
  expect(changesOf(record)).toEqual([
    { field: "name", before: "a", after: "b" },
    { field: "state", before: "private", after: null },
    { field: "tags", before: null, after: '{\n  "tier": "gold"\n}' },
  ]);
  expect(changesOf({ id: "1", before: null, after: null })).toEqual([]);
});
