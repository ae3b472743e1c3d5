/** What something would do to the quotas of its subscription, before it is done. */
import { makeStyles, mergeClasses, ProgressBar, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { useDimensionTitle } from "./dimensionTitle";
import { quotaChanges, type Chosen, type QuotaChange, type Usage } from "./quota";
import type { FormValues, QuotaEffect } from "./types";
import { formatValue } from "./values";

const useStyles = makeStyles({
  list: { display: "flex", flexDirection: "column", gap: "8px", margin: 0, padding: 0, listStyleType: "none" },
  head: { display: "flex", justifyContent: "space-between", gap: "16px" },
  exceeded: { color: tokens.colorPaletteRedForeground1, fontWeight: tokens.fontWeightSemibold },
});

/** Read what a subscription uses and may use. */
export function useUsage(subscriptionId: string | null) {
  return useQuery({
    queryKey: keys.usage(subscriptionId ?? ""),
    queryFn: async ({ signal }) =>
      usagesOf((await call<unknown>("GET", `/subscriptions/${subscriptionId ?? ""}/usage`, { signal })).body),
    enabled: subscriptionId !== null,
  });
}

function usagesOf(body: unknown): Usage[] {
  return Array.isArray(body) ? (body as Usage[]) : (body as { value: Usage[] }).value;
}

export interface QuotaTableProps {
  effects: readonly QuotaEffect[];
  subscriptionId: string | null;
  values: FormValues;
  chosen: Chosen;
}

export function useQuotaChanges({ effects, subscriptionId, values, chosen }: QuotaTableProps): QuotaChange[] {
  const usage = useUsage(effects.length === 0 ? null : subscriptionId);
  return quotaChanges(effects, usage.data ?? [], values, chosen);
}

export function QuotaTable(props: QuotaTableProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation();
  const titleOf = useDimensionTitle();
  const changes = useQuotaChanges(props);
  if (changes.length === 0) return null;
  return (
    <ul className={styles.list} aria-label={t("quota.title")}>
      {changes.map((change) => (
        <li key={change.dimension}>
          <div className={mergeClasses(styles.head, change.exceeded && styles.exceeded)}>
            <span>{titleOf(change.dimension, change.title)}</span>
            <span>{quotaText(change, t, i18n.language)}</span>
          </div>
          {change.limit === null ? null : (
            <ProgressBar
              value={Math.min(1, (change.used + change.amount) / Math.max(1, change.limit))}
              color={change.exceeded ? "error" : "brand"}
              aria-label={titleOf(change.dimension, change.title)}
            />
          )}
        </li>
      ))}
    </ul>
  );
}

function quotaText(
  change: QuotaChange,
  t: (key: string, values: Record<string, unknown>) => string,
  language: string,
): string {
  const written = (amount: number) => formatAmount(amount, change.unit, language);
  const used = written(change.used);
  const after = written(change.used + change.amount);
  if (change.limit === null) return t("quota.unlimited", { used, after });
  return t(change.exceeded ? "quota.exceeded" : "quota.fits", { used, after, limit: written(change.limit) });
}

/** Write an amount of a dimension: sizes with the unit that fits, mere numbers without one. */
export function formatAmount(amount: number, unit: string, language: string): string {
  if (unit === "MiB") return formatValue("mib", amount, language);
  if (unit === "GiB") return formatValue("gib", amount, language);
  return formatValue("number", amount, language);
}
