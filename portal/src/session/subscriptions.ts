/** The subscription one works in: named by the address, remembered for addresses that name none. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";

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
export function useSubscriptions(search = "") {
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
  });
}

/** The subscription in use: the address's, else the one used last, else the first; null when there is none. */
export function useCurrentSubscription(): { subscription: Subscription | null; loading: boolean } {
  const parameters: { subscriptionId?: string } = useParams({ strict: false });
  const query = useSubscriptions();
  const all = query.data?.pages.flatMap((page) => page.value) ?? [];
  const wanted = parameters.subscriptionId ?? window.localStorage.getItem(KEY);
  const subscription = all.find((one) => one.id === wanted) ?? all[0] ?? null;
  return { subscription, loading: query.isPending };
}
