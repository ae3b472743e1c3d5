/** Clouds: the slices of stamps that plans offer. */
import type { ResourceManifest } from "@/manifest/types";

const CLOUD = "/clouds/{id}";

export const clouds: ResourceManifest = {
  type: "cloud",
  slug: "clouds",
  namespace: "clouds",
  icon: "cloud",
  scope: "site",
  paths: { list: "/clouds", item: CLOUD },
  nav: { section: "fabric", order: 40, permission: "fabric.read" },
  cli: "cloud",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" }, width: 180 },
    { field: "description", kind: "text", width: 260, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [{ field: "stamp_id", kind: "reference", reference: { type: "stamp" } }],
  essentials: [
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" } },
    { field: "description", kind: "text" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [{ id: "hosts", kind: "related", type: "host", filter: "stamp_id eq {stamp_id}" }],
  actions: [
    {
      id: "delete",
      icon: "delete",
      permission: "fabric.write",
      method: "DELETE",
      path: CLOUD,
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre cloud delete {name}",
    },
  ],
  create: {
    permission: "fabric.write",
    path: "/clouds",
    bodySchema: "NewCloudBody",
    cli: "zaffre cloud create {name} --stamp {stamp_id} --description {description}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "stamp_id", kind: "select", path: "/stamps", required: true },
          { name: "description", kind: "text" },
        ],
      },
    ],
  },
};
