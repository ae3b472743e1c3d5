import { expect, test } from "vitest";

import { changeText, overviewCsv, partOf, type Overview } from "./costOverview";

test("parts of nothing are nothing, and changes need something to compare with", () => {
  expect([partOf("25.00", "100.00"), partOf("1", "0.00")]).toEqual([0.25, 0]);
  expect(changeText("112.00", "100.00", "en")).toBe("+12%");
  expect(changeText("50.00", "100.00", "en")).toBe("-50%");
  expect(changeText("100.00", "100.00", "en")).toBe("0%");
  expect(changeText("5.00", "0.00", "en")).toBeNull();
});

test("the file has a line for each sum and each part", () => {
  const share = { currency: "EUR", account_id: null, cost: "5.00", forecast: "9.00", last_month: "0.00" };
  const overview = {
    totals: [{ currency: "EUR", cost: "5.00", forecast: "9.00", last_month: "0.00" }],
    plans: [{ ...share, id: "p", name: "Basic, small", kind: null }],
    top_subscriptions: [],
    meters: [{ ...share, id: "vcpu_hours", name: "Virtual processors", kind: "usage" }],
  } as unknown as Overview;
  const lines = overviewCsv(overview).trim().split(/\r?\n/);
  expect(lines).toHaveLength(4);
  expect(lines[2]).toContain('"Basic, small"');
});
