/** Availability sets: machines that are kept on different hosts. */
import { TAG_COLUMN, TAG_FIELD, TAG_FILTER, TAG_INPUT, tagsAction } from "@/manifest/tags";
import type { ResourceManifest } from "@/manifest/types";

const SETS = "/subscriptions/{subscription_id}/availability-sets";

export const availabilitySets: ResourceManifest = {
  type: "availability_set",
  slug: "availability-sets",
  namespace: "availability_sets",
  icon: "box",
  scope: "subscription",
  paths: { list: SETS, item: `${SETS}/{id}` },
  nav: { section: "compute", order: 30, permission: "virtual_machine.read" },
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 220, priority: 1 },
    { field: "policy", kind: "state", width: 140, priority: 1 },
    { field: "virtual_machine_count", kind: "number", width: 160 },
    TAG_COLUMN,
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  filters: [TAG_FILTER],
  essentials: [
    { field: "policy", kind: "state" },
    { field: "virtual_machine_count", kind: "number" },
    TAG_FIELD,
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    {
      id: "virtual_machines",
      kind: "related",
      type: "virtual_machine",
      filter: "availability_set_id eq '{id}'",
    },
  ],
  actions: [
    {
      id: "rename",
      icon: "edit",
      permission: "virtual_machine.write",
      method: "PATCH",
      path: `${SETS}/{id}`,
      primary: true,
      bodySchema: "AvailabilitySetChangeBody",
      form: [{ name: "name", kind: "text", required: true }],
    },
    tagsAction("virtual_machine.write", `${SETS}/{id}`),
    {
      id: "delete",
      icon: "delete",
      permission: "virtual_machine.write",
      method: "DELETE",
      path: `${SETS}/{id}`,
      when: [{ field: "virtual_machine_count", in: [0] }],
      bulk: true,
      primary: true,
      danger: true,
      confirm: { typeName: true },
    },
  ],
  create: {
    permission: "virtual_machine.write",
    path: SETS,
    bodySchema: "NewAvailabilitySetBody",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "policy", kind: "choice", options: ["preferred", "strict"], default: "preferred" },
          TAG_INPUT,
        ],
      },
    ],
  },
};
