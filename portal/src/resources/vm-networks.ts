/** VM networks: a tenant's own networks, whatever addresses others use. */
import { TAG_COLUMN, TAG_FIELD, TAG_FILTER, TAG_INPUT, tagsAction } from "@/manifest/tags";
import type { ResourceManifest } from "@/manifest/types";

const NETWORK = "/subscriptions/{subscription_id}/vm-networks/{id}";

export const vmNetworks: ResourceManifest = {
  type: "vm_network",
  slug: "vm-networks",
  namespace: "vm_networks",
  icon: "network",
  scope: "subscription",
  paths: { list: "/subscriptions/{subscription_id}/vm-networks", item: NETWORK },
  nav: { section: "network", order: 10, permission: "network.read" },
  cli: "network",
  search: true,
  defaultSort: "name",
  transient: ["creating", "deleting"],
  columns: [
    { field: "name", kind: "text", sortable: true, width: 240, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 140, priority: 1 },
    TAG_COLUMN,
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["creating", "ready", "deleting"] },
    { field: "created_at", kind: "date" },
    TAG_FILTER,
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "subnets.*.cidr", kind: "list", copy: true },
    TAG_FIELD,
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "topology", kind: "component", component: () => import("@/pages/networks/NetworkTopology") },
    { id: "subnets", kind: "related", type: "subnet", path: `${NETWORK}/subnets` },
    { id: "ports", kind: "related", type: "port", path: `${NETWORK}/ports` },
  ],
  actions: [
    {
      id: "add_subnet",
      icon: "add",
      permission: "network.write",
      method: "POST",
      path: `${NETWORK}/subnets`,
      when: [{ field: "state", in: ["ready"] }],
      primary: true,
      bodySchema: "NewSubnetBody",
      form: [
        { name: "name", kind: "text", required: true },
        { name: "cidr", kind: "text", required: true },
      ],
      cli: "zaffre network subnet create {id} {name} {cidr}",
    },
    {
      id: "rename",
      icon: "edit",
      permission: "network.write",
      method: "PATCH",
      path: NETWORK,
      when: [{ field: "state", in: ["ready"] }],
      form: [{ name: "name", kind: "text", required: true }],
      cli: "zaffre network rename {id} {name}",
    },
    tagsAction("network.write", NETWORK),
    {
      id: "delete",
      icon: "delete",
      permission: "network.write",
      method: "DELETE",
      path: NETWORK,
      when: [{ field: "state", notIn: ["deleting"] }],
      danger: true,
      confirm: { typeName: true, affected: [{ type: "port", path: `${NETWORK}/ports` }] },
      cli: "zaffre network delete {name}",
    },
  ],
  create: {
    permission: "network.write",
    path: "/subscriptions/{subscription_id}/vm-networks",
    bodySchema: "NewVmNetworkBody",
    quota: [{ dimension: "vm_networks", amount: 1 }],
    cli: "zaffre network create {name} [--tag {tags}]",
    steps: [
      { id: "basics", fields: [{ name: "name", kind: "text", required: true }, TAG_INPUT] },
      {
        id: "subnets",
        fields: [
          {
            name: "subnets",
            kind: "group",
            minItems: 1,
            maxItems: 8,
            default: [{ name: "default", cidr: "10.0.0.0/24" }],
            fields: [
              { name: "name", kind: "text", required: true },
              { name: "cidr", kind: "text", required: true },
            ],
          },
        ],
      },
    ],
  },
};
