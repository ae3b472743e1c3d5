import { expect, test } from "vitest";

import { discountBody } from "./discounts";

test("a discount has one scope, and a percentage or an amount", () => {
  const values = {
    name: "Launch",
    scope: "plan",
    plan_id: "p",
    account_id: "a",
    kind: "percent",
    percent: "10",
    currency: "EUR",
  };
  expect(discountBody(values)).toEqual({ name: "Launch", scope: "plan", scope_id: "p", percent: "10" });
  expect(discountBody({ ...values, kind: "amount", amount: "5", ends_at: "2026-12-01T00:00:00Z" })).toEqual({
    name: "Launch",
    scope: "plan",
    scope_id: "p",
    amount: "5",
    currency: "EUR",
    ends_at: "2026-12-01T00:00:00Z",
  });
});
