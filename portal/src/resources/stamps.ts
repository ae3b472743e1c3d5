/** Stamps: management scale units of a site. */
import type { ResourceManifest } from "@/manifest/types";

const STAMP = "/stamps/{id}";

export const stamps: ResourceManifest = {
  type: "stamp",
  slug: "stamps",
  namespace: "stamps",
  icon: "stamp",
  scope: "site",
  paths: { list: "/stamps", item: STAMP },
  nav: { section: "fabric", order: 10, permission: "fabric.read" },
  cli: "stamp",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 220, priority: 1 },
    { field: "vcpu_ratio", kind: "number", width: 160 },
    { field: "memory_reserve_mib", kind: "mib", width: 180 },
    { field: "storage_ratio", kind: "number", width: 160, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  essentials: [
    { field: "vcpu_ratio", kind: "number" },
    { field: "memory_reserve_mib", kind: "mib" },
    { field: "storage_ratio", kind: "number" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "hosts", kind: "related", type: "host", filter: "stamp_id eq {id}" },
    { id: "clouds", kind: "related", type: "cloud", filter: "stamp_id eq {id}" },
    { id: "logical_networks", kind: "related", type: "logical_network", filter: "stamp_id eq {id}" },
  ],
  actions: [
    {
      id: "delete",
      icon: "delete",
      permission: "fabric.write",
      method: "DELETE",
      path: STAMP,
      danger: true,
      confirm: {
        typeName: true,
        affected: [
          { type: "host", filter: "stamp_id eq {id}" },
          { type: "cloud", filter: "stamp_id eq {id}" },
          { type: "logical_network", filter: "stamp_id eq {id}" },
        ],
      },
      cli: "zaffre stamp delete {name}",
    },
  ],
  create: {
    permission: "fabric.write",
    path: "/stamps",
    bodySchema: "NewStampBody",
    cli: "zaffre stamp create {name} --vcpu-ratio {vcpu_ratio} --memory-reserve {memory_reserve_mib} --storage-ratio {storage_ratio}",
    steps: [
      { id: "basics", fields: [{ name: "name", kind: "text", required: true }] },
      {
        id: "capacity",
        fields: [
          { name: "vcpu_ratio", kind: "number", default: 4 },
          { name: "memory_reserve_mib", kind: "number", unit: "MiB", default: 1024 },
          { name: "storage_ratio", kind: "number", default: 2 },
        ],
      },
    ],
  },
};
