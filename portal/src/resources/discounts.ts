/** Discounts: what somebody does not pay for a time. */
import type { FormValues, InputManifest, ResourceManifest } from "@/manifest/types";

const DISCOUNT = "/discounts/{id}";

const day = (name: string): InputManifest => ({
  name,
  kind: "component",
  component: () => import("@/pages/money/DayInput"),
});

export const discounts: ResourceManifest = {
  type: "discount",
  slug: "discounts",
  namespace: "discounts",
  icon: "money",
  scope: "site",
  paths: { list: "/discounts", item: DISCOUNT },
  nav: { section: "business", order: 55, permission: "rate.read" },
  cli: "discount",
  search: true,
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "scope", kind: "word", sortable: true, width: 140 },
    { field: "percent", kind: "text", width: 110, priority: 1 },
    { field: "amount", kind: "text", width: 110, priority: 1 },
    { field: "currency", kind: "text", width: 100 },
    { field: "begins_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "ends_at", kind: "date", width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "scope", kind: "enum", options: ["subscription", "account", "plan"] },
    { field: "begins_at", kind: "date" },
  ],
  essentials: [
    { field: "scope", kind: "word" },
    { field: "percent", kind: "text" },
    { field: "amount", kind: "text" },
    { field: "currency", kind: "text" },
    { field: "begins_at", kind: "date" },
    { field: "ends_at", kind: "date" },
    { field: "scope_id", kind: "code", copy: true },
    { field: "id", kind: "code", copy: true },
  ],
  actions: [
    {
      id: "end",
      icon: "stop",
      permission: "rate.admin",
      method: "POST",
      path: `${DISCOUNT}/end`,
      primary: true,
      danger: true,
      confirm: {},
      form: [day("ends_at")],
    },
  ],
  create: {
    permission: "rate.admin",
    path: "/discounts",
    toBody: discountBody,
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true, maxLength: 100 },
          { name: "scope", kind: "choice", options: ["subscription", "account", "plan"], default: "subscription" },
          {
            name: "subscription_id",
            kind: "select",
            path: "/subscriptions",
            required: true,
            when: [{ field: "scope", in: ["subscription"] }],
          },
          {
            name: "account_id",
            kind: "select",
            path: "/accounts",
            detailFields: [{ field: "email", kind: "text" }],
            required: true,
            when: [{ field: "scope", in: ["account"] }],
          },
          { name: "plan_id", kind: "select", path: "/plans", required: true, when: [{ field: "scope", in: ["plan"] }] },
        ],
      },
      {
        id: "amount",
        fields: [
          { name: "kind", kind: "choice", options: ["percent", "amount"], default: "percent" },
          {
            name: "percent",
            kind: "text",
            required: true,
            pattern: "^[0-9]{1,3}(\\.[0-9]{1,9})?$",
            when: [{ field: "kind", in: ["percent"] }],
          },
          {
            name: "amount",
            kind: "text",
            required: true,
            pattern: "^[0-9]{1,10}(\\.[0-9]{1,9})?$",
            when: [{ field: "kind", in: ["amount"] }],
          },
          {
            name: "currency",
            kind: "text",
            required: true,
            pattern: "^[A-Z]{3}$",
            default: "EUR",
            when: [{ field: "kind", in: ["amount"] }],
          },
          day("begins_at"),
          day("ends_at"),
        ],
      },
    ],
  },
};

/** The body of `POST /discounts`: one scope, and either a percentage or an amount. */
export function discountBody(values: FormValues): Record<string, unknown> {
  const { name, scope, kind, percent, amount, currency, begins_at, ends_at } = values;
  return {
    name,
    scope,
    scope_id: values[`${String(scope)}_id`],
    ...(kind === "amount" ? { amount, currency } : { percent }),
    ...(begins_at === undefined ? {} : { begins_at }),
    ...(ends_at === undefined ? {} : { ends_at }),
  };
}
