/** The audit trail: who did what. Operators see the whole site's, tenants their subscription's. */
import type { ColumnManifest, FieldManifest, ResourceManifest } from "@/manifest/types";

const OWN = "/subscriptions/{subscription_id}/audit-records";

const WHAT: readonly ColumnManifest[] = [
  { field: "action", kind: "deed", sortable: true, width: 230, priority: 1 },
  { field: "resource_name", kind: "text", width: 160, priority: 1 },
  { field: "occurred_at", kind: "date", sortable: true, width: 170, priority: 1 },
  { field: "asked_by_email", kind: "text", width: 200 },
  { field: "acting_for_email", kind: "text", width: 160, priority: 3 },
  { field: "address", kind: "code", width: 130, priority: 3 },
  { field: "change", kind: "word", width: 110, priority: 3 },
  { field: "actor_kind", kind: "word", width: 110, visible: false },
  { field: "resource_type", kind: "text", sortable: true, width: 140, visible: false },
  { field: "resource_id", kind: "code", sortable: true, width: 300, visible: false },
  { field: "operation_id", kind: "code", width: 300, visible: false },
  { field: "request_id", kind: "code", width: 300, visible: false },
];

const ESSENTIALS: readonly FieldManifest[] = [
  { field: "occurred_at", kind: "date" },
  { field: "actor_kind", kind: "word" },
  { field: "asked_by_email", kind: "text" },
  { field: "acting_for_email", kind: "text" },
  { field: "resource_type", kind: "text" },
  { field: "resource_name", kind: "text" },
  { field: "resource_id", kind: "code", copy: true },
  { field: "address", kind: "code", copy: true },
  { field: "user_agent", kind: "text" },
  { field: "face", kind: "text" },
  { field: "credential", kind: "word" },
  { field: "credential_name", kind: "text" },
  { field: "request_id", kind: "code", copy: true },
  { field: "operation_id", kind: "code", copy: true },
];

const COMMON = {
  type: "audit_record",
  slug: "audit-records",
  namespace: "audit",
  icon: "history",
  title: [
    { field: "action", kind: "deed" },
    { field: "resource_name", kind: "text" },
  ],
  cli: "audit",
  search: true,
  defaultSort: "occurred_at desc",
  columns: WHAT,
  tabs: [{ id: "changes", kind: "component", component: () => import("@/pages/audit/ChangesTab") }],
} satisfies Partial<ResourceManifest>;

export const auditRecords: ResourceManifest = {
  ...COMMON,
  scope: "subscription",
  paths: { list: OWN, item: `${OWN}/{id}` },
  nav: { section: "account", order: 40, permission: "subscription.audit" },
  filters: [
    { field: "resource_type", kind: "text" },
    { field: "resource_id", kind: "text" },
    { field: "change", kind: "enum", options: ["created", "changed", "deleted"] },
    { field: "occurred_at", kind: "date" },
  ],
  essentials: ESSENTIALS,
};

export const adminAuditRecords: ResourceManifest = {
  ...COMMON,
  scope: "site",
  paths: { list: "/audit-records", item: "/audit-records/{id}" },
  nav: { section: "site", order: 30, permission: "audit.read" },
  filters: [
    { field: "asked_by_email", kind: "text" },
    { field: "subscription_id", kind: "reference", reference: { type: "subscription" } },
    { field: "resource_type", kind: "text" },
    { field: "resource_id", kind: "text" },
    { field: "action", kind: "text" },
    { field: "change", kind: "enum", options: ["created", "changed", "deleted"] },
    { field: "operator", kind: "boolean" },
    { field: "address", kind: "text" },
    { field: "occurred_at", kind: "date" },
  ],
  essentials: [
    ...ESSENTIALS,
    { field: "subscription_id", kind: "reference", reference: { type: "subscription" } },
    { field: "sequence", kind: "number" },
    { field: "hash", kind: "code", copy: true },
  ],
};
