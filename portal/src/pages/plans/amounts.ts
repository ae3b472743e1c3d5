/** Amounts of quotas, in words. */
import { formatValue } from "@/manifest/values";

/** Write an amount with its unit: 4096 MiB as 4 GiB, a count as a plain number. */
export function amountText(amount: number, unit: string, language: string): string {
  if (!Number.isFinite(amount)) return "…";
  if (unit === "MiB") return formatValue("mib", amount, language);
  if (unit === "GiB") return formatValue("gib", amount, language);
  const number = new Intl.NumberFormat(language).format(amount);
  return unit === "count" ? number : `${number} ${unit}`;
}
