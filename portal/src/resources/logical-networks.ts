/** Logical networks: a stamp's network plane, and the pools that tenants' networks draw from. */
import type { ResourceManifest } from "@/manifest/types";

const NETWORK = "/logical-networks/{id}";

export const logicalNetworks: ResourceManifest = {
  type: "logical_network",
  slug: "logical-networks",
  namespace: "logical_networks",
  icon: "network",
  scope: "site",
  paths: { list: "/logical-networks", item: NETWORK },
  nav: { section: "fabric", order: 50, permission: "fabric.read" },
  cli: "logical-network",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "connected", kind: "boolean", width: 120, priority: 1 },
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" }, width: 170 },
    { field: "driver", kind: "text", width: 110 },
    { field: "underlay_mtu", kind: "number", width: 130, priority: 3 },
    { field: "first_mac", kind: "code", width: 160, priority: 3 },
    { field: "last_mac", kind: "code", width: 160, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3, visible: false },
  ],
  filters: [{ field: "stamp_id", kind: "reference", reference: { type: "stamp" } }],
  essentials: [
    { field: "connected", kind: "boolean" },
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" } },
    { field: "driver", kind: "text" },
    { field: "address", kind: "code", copy: true },
    { field: "underlay_mtu", kind: "number" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    {
      id: "pools",
      kind: "fields",
      groups: [
        {
          id: "macs",
          fields: [
            { field: "first_mac", kind: "code" },
            { field: "last_mac", kind: "code" },
          ],
        },
      ],
    },
  ],
  actions: [
    {
      id: "delete",
      icon: "delete",
      permission: "fabric.write",
      method: "DELETE",
      path: NETWORK,
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre logical-network delete {name}",
    },
  ],
  create: {
    permission: "fabric.write",
    path: "/logical-networks",
    bodySchema: "NewLogicalNetworkBody",
    cli: "zaffre logical-network create {name} --stamp {stamp_id} --address {address} --driver {driver} --underlay-mtu {underlay_mtu}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "stamp_id", kind: "select", path: "/stamps", required: true },
        ],
      },
      {
        id: "plane",
        fields: [
          { name: "driver", kind: "choice", options: ["ovn", "simulated"], default: "ovn" },
          { name: "address", kind: "text", required: true },
          { name: "underlay_mtu", kind: "number", unit: "B", default: 1500 },
        ],
      },
      {
        id: "pools",
        fields: [
          { name: "first_mac", kind: "text" },
          { name: "last_mac", kind: "text" },
        ],
      },
    ],
  },
};
