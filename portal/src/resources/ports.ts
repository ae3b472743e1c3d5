/** Ports: where virtual machines are plugged into subnets. Reached through their network. */
import type { ResourceManifest } from "@/manifest/types";

export const ports: ResourceManifest = {
  type: "port",
  slug: "ports",
  namespace: "ports",
  icon: "link",
  scope: "subscription",
  paths: { list: "/subscriptions/{subscription_id}/vm-networks/{vm_network_id}/ports" },
  search: true,
  columns: [
    { field: "address", kind: "code", sortable: true, width: 150, priority: 1 },
    { field: "virtual_machine_id", kind: "reference", reference: { type: "virtual_machine" }, width: 200, priority: 1 },
    { field: "mac", kind: "code", sortable: true, width: 170, priority: 3 },
    { field: "up", kind: "boolean", sortable: true, width: 120 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
};
