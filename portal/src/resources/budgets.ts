/** Budgets: what months of a subscription may cost, and who is told when they come near. */
import type { ActionManifest, ColumnManifest, FieldManifest, InputManifest, ResourceManifest } from "@/manifest/types";

const OWN = "/subscriptions/{subscription_id}/budgets";

const AMOUNT = "^[0-9]{1,10}(\\.[0-9]{1,9})?$";
const THRESHOLDS: InputManifest = {
  name: "thresholds",
  kind: "component",
  component: () => import("@/pages/budgets/ThresholdsInput"),
  written: (value, texts) =>
    (value as readonly { percent: number; basis?: string; suspend?: boolean }[])
      .map(({ percent, basis = "actual", suspend }) => {
        const line = suspend === true ? "thresholds.line_suspend" : "thresholds.line";
        return texts.text(line, { percent, basis: texts.text(`values.basis.${basis}`) });
      })
      .join(", "),
};
const RECIPIENTS: InputManifest = {
  name: "recipients",
  kind: "component",
  component: () => import("@/pages/budgets/RecipientsInput"),
};

const COLUMNS: readonly ColumnManifest[] = [
  { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
  { field: "amount", kind: "text", width: 120, priority: 1 },
  { field: "actual", kind: "text", width: 120 },
  { field: "actual_percent", kind: "percent", width: 110, priority: 1 },
  { field: "forecast_percent", kind: "percent", width: 130 },
  { field: "currency", kind: "text", width: 100, priority: 3 },
  { field: "tag_key", kind: "text", width: 120, priority: 3 },
  { field: "tag_value", kind: "text", width: 120, priority: 3 },
  { field: "by_provider", kind: "boolean", width: 150, priority: 3 },
  { field: "evaluated_at", kind: "date", width: 170, priority: 3, visible: false },
  { field: "created_at", kind: "date", sortable: true, width: 170, visible: false },
  { field: "id", kind: "code", visible: false, width: 300 },
];

const ESSENTIALS: readonly FieldManifest[] = [
  { field: "amount", kind: "text" },
  { field: "currency", kind: "text" },
  { field: "tag_key", kind: "text" },
  { field: "tag_value", kind: "text" },
  { field: "by_provider", kind: "boolean" },
  { field: "evaluated_at", kind: "date" },
  { field: "created_at", kind: "date" },
  { field: "id", kind: "code", copy: true },
];

/** On the tenant face nobody changes what the provider has set. */
function actions(providersToo: boolean): ActionManifest[] {
  const when = providersToo ? {} : { when: [{ field: "by_provider", in: [false] }] };
  return [
    {
      id: "change",
      icon: "edit",
      permission: "budget.write",
      method: "PATCH",
      path: `${OWN}/{id}`,
      ...when,
      primary: true,
      bodySchema: "BudgetChangeBody",
      form: [{ name: "amount", kind: "text", pattern: AMOUNT }, THRESHOLDS, RECIPIENTS],
      cli: "zaffre budget change {name} --amount {amount}",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "budget.write",
      method: "DELETE",
      path: `${OWN}/{id}`,
      ...when,
      danger: true,
      confirm: {},
      cli: "zaffre budget delete {name}",
    },
  ];
}

const COMMON = {
  type: "budget",
  slug: "budgets",
  namespace: "budgets",
  icon: "money",
  search: true,
  defaultSort: "name",
  columns: COLUMNS,
  filters: [
    { field: "by_provider", kind: "boolean" },
    { field: "created_at", kind: "date" },
  ],
  tabs: [{ id: "spending", kind: "component", component: () => import("@/pages/budgets/SpendingTab") }],
} satisfies Partial<ResourceManifest>;

const STEPS: readonly InputManifest[] = [
  { name: "name", kind: "text", required: true, maxLength: 100 },
  { name: "amount", kind: "text", required: true, pattern: AMOUNT },
  { name: "tag_key", kind: "text", maxLength: 100 },
  { name: "tag_value", kind: "text", maxLength: 100 },
  { ...THRESHOLDS, default: [{ percent: 80 }, { percent: 100 }] },
  RECIPIENTS,
];

export const budgets: ResourceManifest = {
  ...COMMON,
  scope: "subscription",
  paths: { list: OWN, item: `${OWN}/{id}` },
  nav: { section: "account", order: 16, permission: "cost.read" },
  essentials: ESSENTIALS,
  actions: actions(false),
  create: {
    permission: "budget.write",
    path: OWN,
    bodySchema: "NewBudgetBody",
    cli: "zaffre budget create {name} --amount {amount}",
    steps: [{ id: "basics", fields: STEPS }],
  },
};

const subscription: FieldManifest = {
  field: "subscription_id",
  kind: "reference",
  reference: { type: "subscription", nameField: "subscription_name" },
};

/** Everybody's, as the provider sees them; the provider's own are made for a subscription. */
export const siteBudgets: ResourceManifest = {
  ...COMMON,
  scope: "site",
  paths: { list: "/budgets", item: "/budgets/{id}" },
  nav: { section: "business", order: 57, permission: "statement.read_all" },
  columns: [...COLUMNS.slice(0, 1), { ...subscription, width: 190 }, ...COLUMNS.slice(1)],
  essentials: [subscription, ...ESSENTIALS],
  actions: actions(true),
  create: {
    permission: "budget.write",
    path: OWN,
    bodySchema: "NewBudgetBody",
    steps: [
      {
        id: "basics",
        fields: [{ name: "subscription_id", kind: "select", path: "/subscriptions", required: true }, ...STEPS],
      },
    ],
    // Whose it is says the path.
    toBody: (values) => Object.fromEntries(Object.entries(values).filter(([name]) => name !== "subscription_id")),
  },
};
