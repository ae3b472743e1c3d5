/** What the picture of networks shows, read within bounds and kept up to date by events. */
import { useQueries, useQuery } from "@tanstack/react-query";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import type { MachineShape, NetworkShape } from "./layout";

/** More would not be a picture any more. */
export const MOST_NETWORKS = 20;
export const MOST_MACHINES = 100;

export interface Topology {
  networks: NetworkShape[];
  machines: MachineShape[];
  /** How many machines there are beyond those shown. */
  more: number;
  loading: boolean;
  error: Error | null;
}

export function useTopology(subscriptionId: string, networkId: string | null): Topology {
  const listed = useQuery({
    queryKey: [...keys.lists("vm_network"), "topology", subscriptionId],
    queryFn: async ({ signal }) => {
      const path = { subscription_id: subscriptionId };
      const query = { $top: MOST_NETWORKS, $orderby: "name" };
      const answer = await tenantApi.GET("/subscriptions/{subscription_id}/vm-networks", {
        params: { path, query },
        signal,
      });
      return answer.data?.value.map((network) => network.id) ?? [];
    },
    enabled: networkId === null,
  });
  const ids = networkId === null ? (listed.data ?? []) : [networkId];
  const details = useQueries({
    queries: ids.map((id) => ({
      queryKey: keys.item("vm_network", id),
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const path = { subscription_id: subscriptionId, network_id: id };
        return (
          await tenantApi.GET("/subscriptions/{subscription_id}/vm-networks/{network_id}", { params: { path }, signal })
        ).data;
      },
    })),
  });
  const machines = useQuery({
    queryKey: [...keys.lists("virtual_machine"), "topology", subscriptionId],
    queryFn: async ({ signal }) => {
      const path = { subscription_id: subscriptionId };
      const query = { $top: MOST_MACHINES, $orderby: "name", $count: true };
      const answer = await tenantApi.GET("/subscriptions/{subscription_id}/virtual-machines", {
        params: { path, query },
        signal,
      });
      return { shown: answer.data?.value ?? [], count: answer.data?.["@odata.count"] ?? 0 };
    },
  });
  const networks = details.flatMap((one) => (one.data === undefined ? [] : [one.data]));
  const here = new Set(networks.map((network) => network.id));
  const shown = (machines.data?.shown ?? []).filter(
    (machine) => networkId === null || machine.ports.some((port) => here.has(port.vm_network_id)),
  );
  return {
    networks,
    machines: shown,
    more: Math.max(0, (machines.data?.count ?? 0) - (machines.data?.shown.length ?? 0)),
    loading: (networkId === null && listed.isPending) || details.some((one) => one.isPending) || machines.isPending,
    error: listed.error ?? details.find((one) => one.error !== null)?.error ?? machines.error,
  };
}
