import { expect, test } from "vitest";

import { byDay, costsCsv, months, monthText, type CostLine } from "./costs";

const line = (part: Partial<CostLine>) =>
  ({ kind: "usage", currency: "EUR", began_at: null, title: "Memory", cost: "0", ...part }) as CostLine;

test("months go back from the running one, over the year's end", () => {
  const found = months(new Date("2026-02-28T23:30:00Z"));
  expect(found.slice(0, 3)).toEqual(["2026-02", "2026-01", "2025-12"]);
  expect(found).toHaveLength(13);
  expect(monthText("2026-02", "de")).toBe("Februar 2026");
});

test("days are added up for one currency, in order", () => {
  const second = "2026-02-02T00:00:00Z";
  const lines = [
    line({ began_at: second, cost: "1.5" }),
    line({ began_at: "2026-02-01T00:00:00Z", cost: "1" }),
    line({ began_at: second, cost: "-0.5", kind: "discount" }),
    line({ began_at: second, cost: "7", currency: "USD" }),
  ];
  expect(byDay(lines, "EUR")).toEqual([
    [Date.UTC(2026, 1, 1), 1],
    [Date.UTC(2026, 1, 2), 1],
  ]);
});

test("a file has amounts digit for digit", () => {
  expect(costsCsv([line({ cost: "0.123456789" })])).toContain("0.123456789");
});
