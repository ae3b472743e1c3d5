/** The subscription one works in: named by the address, remembered for addresses that name none. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import { usePortal } from "@/manifest/portal";

export interface Subscription {
  id: string;
  name: string;
  plan_id: string;
  account_id: string;
  state: string;
  created_at: string;
  generation: number;
}

const KEY = "zaffre.subscription";
const PAGE = 100;

/** Remember where one works, for the next visit. */
export function rememberSubscription(id: string): void {
  window.localStorage.setItem(KEY, id);
}

/** The first page of one's subscriptions, by name; more on demand. */
export function useSubscriptions(search = "", enabled = true) {
  const parameters = { $orderby: "name", $top: String(PAGE), ...(search ? { $search: search } : {}) };
  return useInfiniteQuery({
    queryKey: keys.list("subscription", "/subscriptions", parameters),
    queryFn: async ({ pageParam, signal }) =>
      (
        await call<Page<Subscription>>("GET", pageParam ?? "/subscriptions", {
          signal,
          ...(pageParam === null ? { query: parameters } : {}),
        })
      ).body,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page["@odata.nextLink"] ?? null,
    enabled,
  });
}

/** The subscription in use: the address's, else the one used last, else the first; null when there is none. */
export function useCurrentSubscription(): { subscription: Subscription | null; loading: boolean } {
  const parameters: { subscriptionId?: string } = useParams({ strict: false });
  const isTenant = usePortal().face === "tenant";
  const query = useSubscriptions("", isTenant);
  const all = query.data?.pages.flatMap((page) => page.value) ?? [];
  const wanted = parameters.subscriptionId ?? window.localStorage.getItem(KEY);
  const listed = all.find((one) => one.id === wanted);
  // Whoever has many subscriptions may come to one that is not on the first page.
  const named = useQuery({
    queryKey: keys.item("subscription", parameters.subscriptionId ?? ""),
    queryFn: async ({ signal }) =>
      (await call<Subscription>("GET", `/subscriptions/${parameters.subscriptionId ?? ""}`, { signal })).body,
    enabled: isTenant && query.isSuccess && parameters.subscriptionId !== undefined && listed === undefined,
  });
  return { subscription: listed ?? named.data ?? all[0] ?? null, loading: isTenant && query.isPending };
}
