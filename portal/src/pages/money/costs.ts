/** A month's costs as a chart, as a file, and as the months there are to look at. */
import type { TenantSchemas } from "@/api/clients";
import { toCsv } from "@/manifest/export";

export type Costs = TenantSchemas["CostsView"];
export type CostLine = Costs["value"][number];
export type CostGroup = "meter" | "resource" | "tag";

export const GROUPS: readonly CostGroup[] = ["meter", "resource", "tag"];
/** Months that can be chosen: the running one and as many before it. */
const MONTHS = 13;

/** The running month and those before it, such as `2026-11`, the latest first; in UTC, as costs are. */
export function months(now: Date): string[] {
  return Array.from({ length: MONTHS }, (_, back) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
    return first.toISOString().slice(0, 7);
  });
}

/** Write a month in words. */
export function monthText(month: string, language: string): string {
  const words = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" });
  return words.format(new Date(`${month}-01T00:00:00Z`));
}

/** What each day costs in a currency; for a picture, not for a bill. */
export function byDay(lines: readonly CostLine[], currency: string): [number, number][] {
  const days = new Map<number, number>();
  for (const line of lines) {
    if (line.currency !== currency || line.began_at === null) continue;
    const day = Date.parse(line.began_at);
    days.set(day, (days.get(day) ?? 0) + Number(line.cost));
  }
  return [...days].sort(([one], [other]) => one - other);
}

const COLUMNS = [
  "kind",
  "title",
  "meter",
  "state",
  "resource_type",
  "resource_id",
  "resource_name",
  "tag",
  "quantity",
  "unit",
  "currency",
  "list_cost",
  "cost",
  "forecast",
] as const;

/** Write lines as CSV, with their exact amounts. */
export function costsCsv(lines: readonly CostLine[]): string {
  return toCsv(
    lines.map((line, place) => ({ ...line, id: String(place) })),
    COLUMNS.map((field) => ({ field, kind: "text" })),
  );
}
