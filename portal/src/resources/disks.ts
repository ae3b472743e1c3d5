/** Disks: root disks that belong to their machines, and data disks that go from one machine to another. */
import { TAG_COLUMN, TAG_FIELD, TAG_FILTER, TAG_INPUT, tagsAction } from "@/manifest/tags";
import type { Condition, ResourceManifest } from "@/manifest/types";

const DISKS = "/subscriptions/{subscription_id}/disks";
const DISK = `${DISKS}/{id}`;
const SETTLED: Condition = { field: "state", in: ["available", "attached"], reason: "busy" };
const DATA: Condition = { field: "kind", in: ["data"], reason: "root" };

export const disks: ResourceManifest = {
  type: "disk",
  slug: "disks",
  namespace: "disks",
  icon: "disk",
  scope: "subscription",
  paths: { list: DISKS, item: DISK },
  nav: { section: "compute", order: 20, permission: "virtual_machine.read" },
  cli: "disk",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 130, priority: 1 },
    { field: "size_gib", kind: "gib", sortable: true, width: 110 },
    { field: "virtual_machine_id", kind: "reference", reference: { type: "virtual_machine" }, width: 180 },
    { field: "kind", kind: "state", sortable: true, width: 130, priority: 3 },
    TAG_COLUMN,
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "serial", kind: "code", width: 200, visible: false },
    { field: "id", kind: "code", sortable: true, width: 300, visible: false },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["available", "attached", "creating", "growing", "deleting"] },
    { field: "kind", kind: "enum", options: ["root", "data"] },
    { field: "size_gib", kind: "number" },
    { field: "virtual_machine_id", kind: "reference", reference: { type: "virtual_machine" } },
    { field: "created_at", kind: "date" },
    TAG_FILTER,
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "size_gib", kind: "gib" },
    { field: "kind", kind: "state" },
    { field: "virtual_machine_id", kind: "reference", reference: { type: "virtual_machine" } },
    { field: "serial", kind: "code", copy: true },
    TAG_FIELD,
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  actions: [
    {
      id: "attach",
      cli: "zaffre disk attach {name} {virtual_machine_id}",
      icon: "attach",
      permission: "virtual_machine.write",
      method: "POST",
      path: `${DISK}/attach`,
      when: [DATA, { field: "state", in: ["available"] }],
      primary: true,
      form: [
        {
          name: "virtual_machine_id",
          kind: "select",
          required: true,
          path: "/subscriptions/{subscription_id}/virtual-machines",
          detailFields: [{ field: "state", kind: "state" }],
        },
      ],
    },
    {
      id: "detach",
      cli: "zaffre disk detach {name}",
      icon: "detach",
      permission: "virtual_machine.write",
      method: "POST",
      path: `${DISK}/detach`,
      when: [DATA, { field: "state", in: ["attached"] }],
      primary: true,
      danger: true,
      confirm: {},
    },
    {
      id: "grow",
      cli: "zaffre disk grow {name} {size_gib}",
      icon: "resize",
      permission: "virtual_machine.write",
      method: "PATCH",
      path: DISK,
      when: [SETTLED],
      primary: true,
      bodySchema: "DiskChangeBody",
      form: [{ name: "size_gib", kind: "number", required: true, unit: "GiB" }],
    },
    {
      id: "rename",
      icon: "edit",
      permission: "virtual_machine.write",
      method: "PATCH",
      path: DISK,
      bodySchema: "DiskChangeBody",
      form: [{ name: "name", kind: "text", required: true }],
    },
    tagsAction("virtual_machine.write", DISK),
    {
      id: "delete",
      cli: "zaffre disk delete {name}",
      icon: "delete",
      permission: "virtual_machine.write",
      method: "DELETE",
      path: DISK,
      when: [DATA, { field: "state", in: ["available"] }],
      bulk: true,
      primary: true,
      danger: true,
      confirm: { typeName: true },
    },
  ],
  create: {
    permission: "virtual_machine.write",
    path: DISKS,
    bodySchema: "NewDiskBody",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "size_gib", kind: "number", required: true, default: 10, unit: "GiB" },
          {
            name: "virtual_machine_id",
            kind: "select",
            path: "/subscriptions/{subscription_id}/virtual-machines",
            detailFields: [{ field: "state", kind: "state" }],
          },
          TAG_INPUT,
        ],
      },
    ],
    quota: [
      { dimension: "disk_gib", amount: "size_gib" },
      { dimension: "disks", amount: 1 },
    ],
  },
};
