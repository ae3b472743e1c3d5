/** What a form would do to its subscription's quotas. */
import type { FormValues, QuotaEffect } from "./types";
import { valueAt } from "./values";

/** A dimension of a quota, as `GET /subscriptions/{subscription_id}/usage` tells it. */
export interface Usage {
  dimension: string;
  title: string;
  unit: string;
  limit: number | null;
  used: number;
}

export interface QuotaChange extends Usage {
  amount: number;
  /** Whether it no longer fits. */
  exceeded: boolean;
}

/** Resources that were chosen in a form's selects, by the input's name. */
export type Chosen = Readonly<Record<string, unknown>>;

/** Add up an effect's parts: numbers, fields of the form, or fields of what was chosen. */
export function amountOf(effect: QuotaEffect, values: FormValues, chosen: Chosen): number {
  const parts: readonly (number | string)[] = Array.isArray(effect.amount)
    ? (effect.amount as readonly (number | string)[])
    : [effect.amount as number | string];
  return parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? part : partOf(part, values, chosen)), 0);
}

function partOf(path: string, values: FormValues, chosen: Chosen): number {
  const value = path.includes(".") ? valueAt(chosen, path) : values[path];
  if (typeof value === "number") return value;
  return Array.isArray(value) ? value.length : 0;
}

/** Compare effects with what is used and allowed. Dimensions that do not change are left out. */
export function quotaChanges(
  effects: readonly QuotaEffect[],
  usages: readonly Usage[],
  values: FormValues,
  chosen: Chosen,
): QuotaChange[] {
  return effects.flatMap((effect) => {
    const usage = usages.find((one) => one.dimension === effect.dimension);
    const amount = amountOf(effect, values, chosen);
    if (usage === undefined || amount === 0) return [];
    const exceeded = usage.limit !== null && usage.used + amount > usage.limit;
    return [{ ...usage, amount, exceeded }];
  });
}
