/** Everybody's closed statements, as the provider sees them. */
import type { ResourceManifest } from "@/manifest/types";

export const statements: ResourceManifest = {
  type: "statement",
  slug: "statements",
  namespace: "statements",
  icon: "document",
  scope: "site",
  paths: { list: "/statements", item: "/statements/{id}" },
  nav: { section: "business", order: 58, permission: "statement.read_all" },
  title: [{ field: "number", kind: "text" }],
  columns: [
    { field: "number", kind: "text", sortable: true, width: 140, priority: 1 },
    { field: "month", kind: "text", sortable: true, width: 110, priority: 1 },
    { field: "subscription_name", kind: "text", width: 190 },
    { field: "account_name", kind: "text", width: 190 },
    { field: "total", kind: "text", width: 120, priority: 1 },
    { field: "currency", kind: "text", width: 100 },
    { field: "closed_at", kind: "date", width: 170, priority: 3 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  essentials: [
    { field: "month", kind: "text" },
    { field: "total", kind: "text" },
    { field: "currency", kind: "text" },
    {
      field: "subscription_id",
      kind: "reference",
      reference: { type: "subscription", nameField: "subscription_name" },
    },
    { field: "account_id", kind: "reference", reference: { type: "account", nameField: "account_name" } },
    { field: "account_email", kind: "text" },
    { field: "closed_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [{ id: "lines", kind: "component", component: () => import("@/pages/money/StatementTab") }],
};

/** The closed statements that one's own account got: of subscriptions that have ended, the only way to them. */
export const ownStatements: ResourceManifest = {
  ...statements,
  namespace: "own_statements",
  nav: { section: "account", order: 25, permission: "account.self" },
  cli: "statement",
  columns: statements.columns.filter(({ field }) => field !== "account_name"),
  // A subscription that has ended has no page to lead to.
  essentials: [
    { field: "month", kind: "text" },
    { field: "total", kind: "text" },
    { field: "currency", kind: "text" },
    { field: "subscription_name", kind: "text" },
    { field: "closed_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
};

/** The months that were closed, and closing another. */
export const statementRuns: ResourceManifest = {
  type: "statement_run",
  slug: "statement-runs",
  namespace: "statement_runs",
  icon: "document",
  scope: "site",
  paths: { list: "/statement-runs" },
  nav: { section: "business", order: 59, permission: "statement.read_all" },
  columns: [
    { field: "month", kind: "text", sortable: true, width: 120, priority: 1 },
    { field: "began_at", kind: "date", sortable: true, width: 180 },
    { field: "closed_at", kind: "date", width: 180, priority: 1 },
    { field: "operation_id", kind: "reference", reference: { type: "operation" }, width: 220 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  create: {
    permission: "statement.admin",
    path: "/statement-runs",
    bodySchema: "NewStatementRunBody",
    steps: [{ id: "month", fields: [{ name: "month", kind: "text" }] }],
  },
};
