/** The services that a subscription has at resource providers in other processes. */
import { useQuery } from "@tanstack/react-query";

import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import type { Service } from "./manifests";

export function useServices(subscriptionId: string, enabled = true) {
  return useQuery({
    queryKey: ["services", subscriptionId],
    queryFn: async ({ signal }) =>
      (await call<Page<Service>>("GET", `/subscriptions/${subscriptionId}/providers`, { signal })).body.value,
    enabled,
  });
}
