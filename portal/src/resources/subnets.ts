/** Subnets of a VM network. Reached through their network. */
import type { ResourceManifest } from "@/manifest/types";

export const subnets: ResourceManifest = {
  type: "subnet",
  slug: "subnets",
  namespace: "subnets",
  icon: "network",
  scope: "subscription",
  paths: { list: "/subscriptions/{subscription_id}/vm-networks/{vm_network_id}/subnets" },
  queryable: false,
  transient: ["creating", "deleting"],
  columns: [
    { field: "name", kind: "text", width: 180, priority: 1 },
    { field: "state", kind: "state", width: 120, priority: 1 },
    { field: "cidr", kind: "code", width: 150, priority: 1 },
    { field: "gateway", kind: "code", width: 140 },
    { field: "vsid", kind: "number", width: 110, priority: 3 },
    { field: "mtu", kind: "number", width: 90, priority: 3 },
    { field: "dns_servers", kind: "list", width: 160, priority: 3 },
    { field: "created_at", kind: "date", width: 170, priority: 3, visible: false },
  ],
  actions: [
    {
      id: "delete",
      icon: "delete",
      permission: "network.write",
      method: "DELETE",
      path: "/subscriptions/{subscription_id}/vm-networks/{vm_network_id}/subnets/{id}",
      when: [{ field: "state", notIn: ["deleting"] }],
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre network subnet delete {vm_network_id} {name}",
    },
  ],
};
