/** Everybody's subscriptions. */
import type { ResourceManifest } from "@/manifest/types";

const SUBSCRIPTION = "/subscriptions/{id}";

export const adminSubscriptions: ResourceManifest = {
  type: "subscription",
  slug: "subscriptions",
  namespace: "subscriptions",
  icon: "box",
  scope: "site",
  paths: { list: "/subscriptions", item: SUBSCRIPTION },
  nav: { section: "business", order: 30, permission: "subscription.admin" },
  cli: "subscription",
  search: true,
  defaultSort: "name",
  transient: ["deleting"],
  columns: [
    { field: "name", kind: "text", sortable: true, width: 190, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 120, priority: 1 },
    { field: "account_id", kind: "reference", reference: { type: "account" }, width: 190 },
    { field: "plan_id", kind: "reference", reference: { type: "plan" }, width: 160 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["active", "suspended", "deleting"] },
    { field: "account_id", kind: "reference", reference: { type: "account" } },
    { field: "plan_id", kind: "reference", reference: { type: "plan" } },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "account_id", kind: "reference", reference: { type: "account" } },
    { field: "plan_id", kind: "reference", reference: { type: "plan" } },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "usage", kind: "component", component: () => import("@/pages/subscriptions/UsageTab") },
    { id: "syncs", kind: "component", component: () => import("@/pages/subscriptions/SyncsTab") },
    { id: "virtual_machines", kind: "related", type: "virtual_machine", filter: "subscription_id eq {id}" },
  ],
  actions: [
    {
      id: "suspend",
      icon: "pause",
      permission: "subscription.admin",
      method: "POST",
      path: `${SUBSCRIPTION}/suspend`,
      when: [{ field: "state", in: ["active"] }],
      bulk: true,
      primary: true,
      danger: true,
      confirm: {},
      cli: "zaffre subscription suspend {id}",
    },
    {
      id: "resume",
      icon: "play",
      permission: "subscription.admin",
      method: "POST",
      path: `${SUBSCRIPTION}/resume`,
      when: [{ field: "state", in: ["suspended"] }],
      bulk: true,
      primary: true,
      cli: "zaffre subscription resume {id}",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "subscription.write",
      method: "DELETE",
      path: SUBSCRIPTION,
      when: [{ field: "state", notIn: ["deleting"] }],
      danger: true,
      confirm: {
        typeName: true,
        affected: [{ type: "virtual_machine", filter: "subscription_id eq {id}" }],
      },
      cli: "zaffre subscription delete {id}",
    },
  ],
  create: {
    permission: "subscription.admin",
    path: "/subscriptions",
    bodySchema: "NewSubscriptionForBody",
    cli: "zaffre subscription create {name} --plan {plan_id} --for {account_id}",
    steps: [
      {
        id: "basics",
        fields: [
          {
            name: "account_id",
            kind: "select",
            path: "/accounts",
            filter: "role eq 'tenant' and state eq 'active'",
            detailFields: [{ field: "email", kind: "text" }],
            required: true,
          },
          {
            name: "plan_id",
            kind: "select",
            path: "/plans",
            filter: "state ne 'decommissioned'",
            detailFields: [{ field: "state", kind: "state" }],
            required: true,
          },
          { name: "name", kind: "text", required: true },
        ],
      },
    ],
  },
};
