/** A tenant's own subscriptions. */
import type { ResourceManifest } from "@/manifest/types";

const SUBSCRIPTION = "/subscriptions/{id}";

export const subscriptions: ResourceManifest = {
  type: "subscription",
  slug: "subscriptions",
  namespace: "subscriptions",
  icon: "box",
  scope: "site",
  paths: { list: "/subscriptions", item: SUBSCRIPTION },
  nav: { section: "account", order: 10, permission: "subscription.read" },
  cli: "subscription",
  search: true,
  defaultSort: "name",
  transient: ["deleting"],
  columns: [
    { field: "name", kind: "text", sortable: true, width: 220, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 130, priority: 1 },
    { field: "plan_id", kind: "reference", reference: { type: "plan" }, width: 180 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "plan_id", kind: "reference", reference: { type: "plan" } },
    { field: "ends_at", kind: "date" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "usage", kind: "component", component: () => import("@/pages/subscriptions/UsageTab") },
    { id: "consumption", kind: "component", component: () => import("@/pages/consumption/ConsumptionTab") },
  ],
  actions: [
    {
      id: "rename",
      icon: "edit",
      permission: "subscription.write",
      method: "PATCH",
      path: SUBSCRIPTION,
      when: [{ field: "state", in: ["active"] }],
      primary: true,
      form: [{ name: "name", kind: "text", required: true }],
      cli: "zaffre subscription rename {id} {name}",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "subscription.write",
      method: "DELETE",
      path: SUBSCRIPTION,
      when: [{ field: "state", in: ["active"] }],
      danger: true,
      confirm: { typeName: true },
      dialog: () => import("@/pages/subscriptions/DeleteDialog"),
      cli: "zaffre subscription delete {id}",
    },
    {
      id: "restore",
      icon: "history",
      permission: "subscription.write",
      method: "POST",
      path: `${SUBSCRIPTION}/restore`,
      when: [{ field: "state", in: ["expiring"] }],
      confirm: {},
      primary: true,
      cli: "zaffre subscription restore {id}",
    },
  ],
};
