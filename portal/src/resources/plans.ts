/** Plans as their provider sees them: what is sold, to whom, within which limits. */
import type { ResourceManifest } from "@/manifest/types";

const PLAN = "/plans/{id}";

export const plans: ResourceManifest = {
  type: "plan",
  slug: "plans",
  namespace: "plans",
  icon: "plan",
  scope: "site",
  paths: { list: "/plans", item: PLAN },
  nav: { section: "business", order: 10, permission: "plan.admin" },
  cli: "plan",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    {
      field: "state",
      kind: "state",
      sortable: true,
      width: 150,
      priority: 1,
      tones: { public: "good", private: "neutral", decommissioned: "warning" },
    },
    { field: "services.*.provider", kind: "list", width: 220 },
    { field: "description", kind: "text", width: 240, priority: 3 },
    { field: "subscriptions_per_account", kind: "number", width: 180, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["private", "public", "decommissioned"] },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "state", kind: "state", tones: { public: "good", private: "neutral", decommissioned: "warning" } },
    { field: "description", kind: "text" },
    { field: "subscriptions_per_account", kind: "number" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "services", kind: "component", component: () => import("@/pages/plans/ServicesTab") },
    { id: "subscriptions", kind: "related", type: "subscription", filter: "plan_id eq {id}" },
  ],
  actions: [
    {
      id: "publish",
      icon: "globe",
      permission: "plan.admin",
      method: "PATCH",
      path: PLAN,
      body: { state: "public" },
      when: [{ field: "state", in: ["private"] }],
      primary: true,
      confirm: {},
      cli: "zaffre plan publish {name}",
    },
    {
      id: "decommission",
      icon: "lock",
      permission: "plan.admin",
      method: "PATCH",
      path: PLAN,
      body: { state: "decommissioned" },
      when: [{ field: "state", in: ["public"] }],
      danger: true,
      confirm: { affected: [{ type: "subscription", filter: "plan_id eq {id}" }] },
      cli: "zaffre plan decommission {name}",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "plan.admin",
      method: "DELETE",
      path: PLAN,
      danger: true,
      confirm: { typeName: true, affected: [{ type: "subscription", filter: "plan_id eq {id}" }] },
      cli: "zaffre plan delete {name}",
    },
  ],
  // The page at this address is the plan designer.
  create: { permission: "plan.admin", path: "/plans", steps: [] },
};
