/** What everybody's month comes to, as a file and in parts. */
import type { AdminSchemas } from "@/api/clients";
import { toCsv } from "@/manifest/export";

export type Overview = AdminSchemas["CostOverviewView"];
export type ShareKind = "plans" | "top_subscriptions" | "meters";
export type Share = Overview[ShareKind][number];

export const SHARES: readonly ShareKind[] = ["plans", "top_subscriptions", "meters"];
export const PARTS = ["usage", "fees", "discounts", "billed", "credits_left"] as const;

/** What part an amount is of a sum, for a picture; nothing of nothing. */
export function partOf(amount: string, sum: string): number {
  return Number(sum) === 0 ? 0 : Number(amount) / Number(sum);
}

/** By how much an amount differs from an earlier one, such as `+12 %`; null when there was nothing to compare with. */
export function changeText(now: string, before: string, language: string): string | null {
  if (Number(before) <= 0) return null;
  const style = { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" } as const;
  return new Intl.NumberFormat(language, style).format(Number(now) / Number(before) - 1);
}

const COLUMNS = ["by", "currency", "id", "name", "kind", "cost", "forecast", "last_month"] as const;

/** Write all of it as CSV: the sums, then the parts. */
export function overviewCsv(overview: Overview): string {
  const totals = overview.totals.map((total) => ({ ...total, by: "total", id: total.currency, name: "", kind: "" }));
  const parts = SHARES.flatMap((by) => overview[by].map((share) => ({ ...share, by })));
  return toCsv(
    [...totals, ...parts],
    COLUMNS.map((field) => ({ field, kind: "text" })),
  );
}
