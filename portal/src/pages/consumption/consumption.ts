/** Sums of usage as charts and as a file. */
import type { AdminSchemas } from "@/api/clients";
import { toCsv } from "@/manifest/export";

export type UsageLine = AdminSchemas["UsageLineView"];
export type Group = "meter" | "resource" | "subscription";
export type Range = (typeof RANGES)[number];

export const RANGES = [7, 30, 90] as const;

export interface MeterChart {
  meter: string;
  title: string;
  unit: string;
  /** Days and what was used in them, whatever the state. */
  points: [number, number][];
  total: number;
}

/** Add up lines by day for each meter, in the order in which meters occur. */
export function byMeter(lines: readonly UsageLine[]): MeterChart[] {
  const charts = new Map<string, MeterChart & { days: Map<number, number> }>();
  for (const line of lines) {
    const chart = charts.get(line.meter) ?? {
      meter: line.meter,
      title: line.title,
      unit: line.unit,
      points: [],
      total: 0,
      days: new Map<number, number>(),
    };
    charts.set(line.meter, chart);
    const day = Date.parse(line.began_at);
    const quantity = Number(line.quantity);
    chart.days.set(day, (chart.days.get(day) ?? 0) + quantity);
    chart.total += quantity;
  }
  return [...charts.values()].map(({ days, ...chart }) => ({
    ...chart,
    points: [...days].sort(([one], [other]) => one - other),
  }));
}

const COLUMNS = [
  "subscription_id",
  "resource_type",
  "resource_id",
  "resource_name",
  "meter",
  "state",
  "quantity",
  "unit",
] as const;

/** Write lines as CSV, exact quantities included. */
export function summaryCsv(lines: readonly UsageLine[]): string {
  return toCsv(
    lines.map((line) => ({ ...line, id: line.meter })),
    COLUMNS.map((field) => ({ field, kind: "text" })),
  );
}
