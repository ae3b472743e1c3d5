/** Programs that decide on changes, and what they were asked of late. */
import type { ResourceManifest } from "@/manifest/types";

const PROGRAM = "/approval-programs/{id}";
const permission = "approval_program.admin";
const SILENCES = ["refuse", "approve", "ask_a_person"] as const;

export const approvalPrograms: ResourceManifest = {
  type: "approval_program",
  slug: "approval-programs",
  namespace: "approval_programs",
  icon: "link",
  scope: "site",
  paths: { list: "/approval-programs", item: PROGRAM },
  nav: { section: "business", order: 47, permission: "approval.read" },
  cli: "approval-program",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 180, priority: 1 },
    { field: "when_silent", kind: "word", width: 220, priority: 1 },
    { field: "url", kind: "code", sortable: true, width: 300 },
    { field: "silent_since", kind: "date", width: 170, priority: 1 },
    { field: "last_answered_at", kind: "date", width: 170, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, visible: false },
  ],
  filters: [
    { field: "when_silent", kind: "enum", options: SILENCES },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "url", kind: "code", copy: true },
    { field: "when_silent", kind: "word" },
    { field: "timeout_s", kind: "number" },
    { field: "silent_since", kind: "date" },
    { field: "last_asked_at", kind: "date" },
    { field: "last_answered_at", kind: "date" },
    { field: "previous_secret_until", kind: "date" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "asks", kind: "related", type: "approval_ask", path: `${PROGRAM}/asks` },
    { id: "rules", kind: "related", type: "approval_rule", filter: "program_id eq '{id}'" },
  ],
  actions: [
    {
      id: "test",
      icon: "play",
      permission,
      method: "POST",
      path: `${PROGRAM}/test`,
      primary: true,
      dialog: () => import("@/pages/approvals/TrialDialog"),
      cli: "zaffre approval-program test {name}",
    },
    {
      id: "change",
      icon: "edit",
      permission,
      method: "PATCH",
      path: PROGRAM,
      bodySchema: "ApprovalProgramChangeBody",
      form: [
        { name: "url", kind: "text" },
        { name: "timeout_s", kind: "number", minimum: 1, maximum: 10 },
        { name: "when_silent", kind: "choice", options: SILENCES },
        { name: "ca_certificates", kind: "code", rows: 4 },
      ],
      cli: "zaffre approval-program change {name} --url {url} --timeout {timeout_s} --when-silent {when_silent}",
    },
    {
      id: "rotate_secret",
      icon: "key",
      permission,
      method: "POST",
      path: `${PROGRAM}/rotate-secret`,
      dialog: () => import("@/pages/webhooks/RotateSecretDialog"),
      cli: "zaffre approval-program rotate-secret {name}",
    },
    {
      id: "delete",
      icon: "delete",
      permission,
      method: "DELETE",
      path: PROGRAM,
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre approval-program delete {name}",
    },
  ],
  // The page at this address shows the secret, once.
  create: { permission, path: "/approval-programs", steps: [] },
};

export const approvalAsks: ResourceManifest = {
  type: "approval_ask",
  slug: "approval-asks",
  namespace: "approval_asks",
  icon: "document",
  scope: "site",
  paths: { list: "/approval-programs/{program_id}/asks" },
  title: [{ field: "outcome", kind: "word" }],
  refreshMs: 5000,
  defaultSort: "created_at desc",
  columns: [
    {
      field: "outcome",
      kind: "state",
      width: 130,
      priority: 1,
      tones: { approved: "good", refused: "warning", silent: "bad" },
    },
    { field: "status", kind: "number", width: 90, priority: 1 },
    { field: "error", kind: "word", width: 140 },
    { field: "reason", kind: "text", width: 220 },
    { field: "request_id", kind: "reference", reference: { type: "change_request" }, width: 170 },
    { field: "trigger", kind: "word", width: 130, priority: 3 },
    { field: "duration_ms", kind: "number", width: 120, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170 },
  ],
  filters: [
    { field: "outcome", kind: "enum", options: ["approved", "refused", "silent"] },
    { field: "trigger", kind: "enum", options: ["in_line", "courier", "trial"] },
    { field: "created_at", kind: "date" },
  ],
};
