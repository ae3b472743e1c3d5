import { expect, test } from "vitest";

import { quotaChanges, type Usage } from "./quota";

const usages: Usage[] = [
  { dimension: "virtual_machines", title: "Virtual machines", unit: "count", limit: 3, used: 3 },
  { dimension: "vcpus", title: "Processors", unit: "vCPU", limit: 8, used: 2 },
  { dimension: "ports", title: "Ports", unit: "count", limit: null, used: 1 },
];

test("effects are added up from numbers, fields, lists and what was chosen", () => {
  const effects = [
    { dimension: "virtual_machines", amount: 1 },
    { dimension: "vcpus", amount: ["size.vcpus", "extra"] },
    { dimension: "ports", amount: "ports" },
    { dimension: "unheard_of", amount: 1 },
  ];
  const changes = quotaChanges(effects, usages, { extra: 2, ports: [{}, {}] }, { size: { vcpus: 4 } });
  expect(changes.map(({ dimension, amount, exceeded }) => [dimension, amount, exceeded])).toEqual([
    ["virtual_machines", 1, true],
    ["vcpus", 6, false],
    ["ports", 2, false],
  ]);
});
