import { expect, test } from "vitest";

import { phasesOf, tiersBody, tiersFault, type Rate } from "./rates";

const rate = (id: string, effective_from: string, state = "") => ({ id, meter: "m", state, effective_from }) as Rate;

test("of the prices that have begun the last one counts, for each state by itself", () => {
  const rates = [
    rate("old", "2026-01-01T00:00:00Z"),
    rate("new", "2026-02-01T00:00:00Z"),
    rate("next", "2026-04-01T00:00:00Z"),
    rate("stopped", "2026-01-01T00:00:00Z", "stopped"),
  ];
  const phases = phasesOf(rates, Date.parse("2026-03-01T00:00:00Z"));
  expect(Object.fromEntries(phases.map((one) => [one.rate.id, one.phase]))).toEqual({
    old: "past",
    new: "now",
    next: "coming",
    stopped: "now",
  });
});

test("tiers follow one another, and only the last has no end", () => {
  const tier = (upTo: string, price = "0.5") => ({ upTo, price });
  expect(tiersFault([])).toBeNull();
  expect(tiersFault([tier("")])).toBeNull();
  expect(tiersFault([tier("100"), tier("")])).toBeNull();
  expect(tiersFault([tier("100"), tier("50"), tier("")])).toBe("needs_order");
  expect(tiersFault([tier(""), tier("")])).toBe("needs_order");
  expect(tiersFault([tier("100")])).toBe("last_open");
  expect(tiersFault([tier("", "1,5")])).toBe("needs_price");
  expect(tiersBody([tier("100"), tier("", "0.25")])).toEqual([{ up_to: "100", price: "0.5" }, { price: "0.25" }]);
});
