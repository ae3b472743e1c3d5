/** Credits: amounts that statements use up before anything is to be paid. */
import type { ResourceManifest } from "@/manifest/types";

export const credits: ResourceManifest = {
  type: "credit",
  slug: "credits",
  namespace: "credits",
  icon: "money",
  scope: "site",
  paths: { list: "/credits" },
  nav: { section: "business", order: 56, permission: "rate.read" },
  cli: "credit",
  search: true,
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "account_id", kind: "reference", reference: { type: "account" }, width: 190 },
    { field: "subscription_id", kind: "reference", reference: { type: "subscription" }, width: 180 },
    { field: "left", kind: "text", width: 110, priority: 1 },
    { field: "amount", kind: "text", width: 110, priority: 1 },
    { field: "currency", kind: "text", sortable: true, width: 100 },
    { field: "expires_at", kind: "date", width: 170, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "account_id", kind: "reference", reference: { type: "account" } },
    { field: "created_at", kind: "date" },
  ],
  actions: [
    {
      id: "revoke",
      icon: "cancel",
      permission: "rate.admin",
      method: "POST",
      path: "/credits/{id}/revoke",
      when: [{ field: "left", notIn: ["0"] }],
      bulk: true,
      danger: true,
      confirm: {},
    },
  ],
  create: {
    permission: "rate.admin",
    path: "/credits",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true, maxLength: 100 },
          { name: "scope", kind: "choice", options: ["account", "subscription"], default: "account" },
          {
            name: "account_id",
            kind: "select",
            path: "/accounts",
            detailFields: [{ field: "email", kind: "text" }],
            required: true,
            when: [{ field: "scope", in: ["account"] }],
          },
          {
            name: "subscription_id",
            kind: "select",
            path: "/subscriptions",
            required: true,
            when: [{ field: "scope", in: ["subscription"] }],
          },
          { name: "amount", kind: "text", required: true, pattern: "^[0-9]{1,10}(\\.[0-9]{1,9})?$" },
          { name: "currency", kind: "text", required: true, pattern: "^[A-Z]{3}$", default: "EUR" },
          { name: "expires_at", kind: "component", component: () => import("@/pages/money/DayInput") },
        ],
      },
    ],
    toBody: ({ scope, account_id, subscription_id, ...rest }) => ({
      ...rest,
      ...(scope === "subscription" ? { subscription_id } : { account_id }),
    }),
  },
};
