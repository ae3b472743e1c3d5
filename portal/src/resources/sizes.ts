/** Sizes: combinations of processors and memory that tenants choose from. */
import type { ResourceManifest } from "@/manifest/types";

export const sizes: ResourceManifest = {
  type: "size",
  slug: "sizes",
  namespace: "sizes",
  icon: "resize",
  scope: "site",
  paths: { list: "/sizes" },
  nav: { section: "business", order: 20, permission: "fabric.read" },
  cli: "size",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 220, priority: 1 },
    { field: "vcpus", kind: "number", sortable: true, width: 140, priority: 1 },
    { field: "memory_mib", kind: "mib", sortable: true, width: 140, priority: 1 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  actions: [
    {
      id: "delete",
      icon: "delete",
      permission: "fabric.write",
      method: "DELETE",
      path: "/sizes/{id}",
      bulk: true,
      danger: true,
      confirm: {},
      cli: "zaffre size delete {name}",
    },
  ],
  create: {
    permission: "fabric.write",
    path: "/sizes",
    bodySchema: "NewSizeBody",
    cli: "zaffre size create {name} --vcpus {vcpus} --memory {memory_mib}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "vcpus", kind: "number", required: true, default: 2 },
          { name: "memory_mib", kind: "number", required: true, unit: "MiB", default: 4096 },
        ],
      },
    ],
  },
};
