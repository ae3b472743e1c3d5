import { expect, test } from "vitest";

import { byMeter, summaryCsv, type UsageLine } from "./consumption";

const line = (began_at: string, state: string, quantity: string): UsageLine => ({
  began_at,
  state,
  quantity,
  meter: "vcpu_hours",
  title: "Virtual processors",
  unit: "vCPU-hour",
  subscription_id: null,
  resource_type: null,
  resource_id: null,
  resource_name: null,
});

test("states of a day are one point, and days are in order", () => {
  const lines = [
    line("2026-01-02T00:00:00Z", "running", "2"),
    line("2026-01-01T00:00:00Z", "running", "1.5"),
    line("2026-01-01T00:00:00Z", "suspended", "0.5"),
  ];
  expect(byMeter(lines)).toEqual([
    {
      meter: "vcpu_hours",
      title: "Virtual processors",
      unit: "vCPU-hour",
      total: 4,
      points: [
        [Date.UTC(2026, 0, 1), 2],
        [Date.UTC(2026, 0, 2), 2],
      ],
    },
  ]);
});

test("a file has the quantities as they are recorded", () => {
  expect(summaryCsv([line("2026-01-01T00:00:00Z", "running", "0.000000001")])).toContain("0.000000001,vCPU-hour");
});
