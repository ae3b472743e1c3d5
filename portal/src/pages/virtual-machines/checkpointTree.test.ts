import { expect, it } from "vitest";

import { branches, type Checkpoint } from "./checkpointTree";

function checkpoint(id: string, parent: string | null): Checkpoint {
  return {
    id,
    name: id,
    description: "",
    created_at: `2026-01-01T00:00:0${id}Z`,
    parent_id: parent,
    current: false,
    with_memory: false,
    state: "ready",
    size_bytes: null,
  };
}

it("draws each checkpoint below what it descends from, oldest first", () => {
  const rows = branches([checkpoint("4", "1"), checkpoint("2", "1"), checkpoint("1", null), checkpoint("3", "2")]);
  expect(rows.map((row) => [row.checkpoint.id, row.depth, row.lines, row.last])).toEqual([
    ["1", 0, [], true],
    ["2", 1, [false], false],
    ["3", 2, [false, true], true],
    ["4", 1, [false], true],
  ]);
});

it("makes a root of one whose parent is not there", () => {
  expect(branches([checkpoint("2", "1")]).map((row) => row.depth)).toEqual([0]);
});
