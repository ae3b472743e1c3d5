/** What a subscription may still take of each quota. */
import { useQuery } from "@tanstack/react-query";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";

export interface Usage {
  dimension: string;
  title: string;
  unit: string;
  /** Null: without a limit. */
  limit: number | null;
  used: number;
}

export function useUsage(subscriptionId: string) {
  return useQuery({
    queryKey: keys.usage(subscriptionId),
    queryFn: async ({ signal }) =>
      (await call<Page<Usage>>("GET", `/subscriptions/${subscriptionId}/usage`, { signal })).body.value,
  });
}

/** What is left of a dimension; infinite where there is no limit, or none is known. */
export function leftOf(usage: readonly Usage[] | undefined, dimension: string): number {
  const found = usage?.find((one) => one.dimension === dimension);
  return found === undefined || found.limit === null ? Infinity : Math.max(0, found.limit - found.used);
}
