/** Operations: durable work, under way and done. */
import type { ResourceManifest } from "@/manifest/types";

const OPERATION = "/operations/{id}";

export const operations: ResourceManifest = {
  type: "operation",
  slug: "operations",
  namespace: "operations",
  icon: "operations",
  scope: "site",
  paths: { list: "/operations", item: OPERATION },
  title: [
    { field: "kind", kind: "word" },
    { field: "resource_name", kind: "text" },
  ],
  nav: { section: "site", order: 10, permission: "operation.read" },
  cli: "operation",
  search: true,
  defaultSort: "created_at desc",
  transient: ["queued", "running", "unwinding"],
  columns: [
    { field: "kind", kind: "word", sortable: true, width: 210, priority: 1 },
    {
      field: "state",
      kind: "state",
      sortable: true,
      width: 120,
      priority: 1,
      tones: { succeeded: "good", failed: "bad", stuck: "bad", cancelled: "warning" },
    },
    { field: "resource_name", kind: "text", width: 150 },
    { field: "progress_percent", kind: "percent", width: 110, priority: 3 },
    { field: "sentence", kind: "text", width: 240, priority: 3 },
    { field: "problem.detail", kind: "text", width: 260, priority: 3, visible: false },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "finished_at", kind: "date", width: 170, priority: 3, visible: false },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    {
      field: "state",
      kind: "enum",
      options: ["queued", "running", "unwinding", "succeeded", "failed", "cancelled", "stuck"],
    },
    { field: "resource_type", kind: "text" },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "state", kind: "state", tones: { succeeded: "good", failed: "bad", stuck: "bad", cancelled: "warning" } },
    { field: "kind", kind: "word" },
    { field: "resource_name", kind: "text" },
    { field: "progress_percent", kind: "percent" },
    { field: "sentence", kind: "text" },
    { field: "attempt", kind: "number" },
    { field: "created_at", kind: "date" },
    { field: "started_at", kind: "date" },
    { field: "finished_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [{ id: "steps", kind: "component", component: () => import("@/pages/operations/StepsTab") }],
  actions: [
    {
      id: "cancel",
      icon: "cancel",
      permission: "operation.cancel",
      method: "POST",
      path: `${OPERATION}/cancel`,
      when: [
        { field: "state", in: ["queued", "running"], reason: "ended" },
        { field: "cancel_requested", in: [false], reason: "requested" },
      ],
      bulk: true,
      primary: true,
      danger: true,
      confirm: {},
      cli: "zaffre operation cancel {id}",
    },
  ],
};

/** Those of everybody: what is stuck is for the operator to go on with. */
export const siteOperations: ResourceManifest = {
  ...operations,
  actions: [
    ...(operations.actions ?? []),
    {
      id: "retry",
      icon: "refresh",
      permission: "operation.admin",
      method: "POST",
      path: `${OPERATION}/retry`,
      when: [{ field: "state", in: ["stuck"] }],
      bulk: true,
      primary: true,
      cli: "zaffre operation retry {id}",
    },
  ],
};
