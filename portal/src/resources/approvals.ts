/** Changes that need an approval: the rules that say so, and the requests. */
import type { ActionManifest, FieldManifest, InputManifest, ResourceManifest } from "@/manifest/types";

const RULE = "/approval-rules/{id}";
const REQUEST = "/change-requests/{id}";
const PROGRAM = { type: "approval_program" };
const CHANGES = ["subscribe", "change_plan", "acquire_add_on", "delete_subscription"] as const;
const STATES = ["waiting", "approved", "declined", "withdrawn", "expired"] as const;
const TONES = {
  waiting: "warning",
  approved: "good",
  declined: "bad",
  withdrawn: "neutral",
  expired: "neutral",
} as const;

const change: FieldManifest = { field: "change", kind: "word" };
const state: FieldManifest = { field: "state", kind: "state", tones: TONES };
const reason: InputManifest = { name: "reason", kind: "text", maxLength: 2000 };

const withdraw: ActionManifest = {
  id: "withdraw",
  icon: "delete",
  permission: "change_request.self",
  method: "POST",
  path: `${REQUEST}/withdraw`,
  when: [{ field: "state", in: ["waiting"] }],
  danger: true,
  confirm: {},
  cli: "zaffre change-request withdraw {id}",
};

const deciding: readonly ActionManifest[] = [
  {
    id: "approve",
    icon: "play",
    permission: "change_request.decide",
    method: "POST",
    path: `${REQUEST}/approve`,
    when: [{ field: "state", in: ["waiting"] }],
    primary: true,
    form: [reason],
    cli: "zaffre change-request approve {id} --reason {reason}",
  },
  {
    id: "decline",
    icon: "delete",
    permission: "change_request.decide",
    method: "POST",
    path: `${REQUEST}/decline`,
    when: [{ field: "state", in: ["waiting"] }],
    primary: true,
    form: [{ ...reason, required: true }],
    cli: "zaffre change-request decline {id} --reason {reason}",
  },
];

const own: ResourceManifest = {
  type: "change_request",
  slug: "change-requests",
  namespace: "change_requests",
  icon: "account",
  scope: "site",
  paths: { list: "/change-requests", item: REQUEST },
  title: [{ field: "change", kind: "word" }],
  nav: { section: "account", order: 8, permission: "change_request.self" },
  defaultSort: "created_at desc",
  columns: [
    { ...change, width: 200, priority: 1 },
    { field: "plan_name", kind: "text", width: 180 },
    { field: "subscription_name", kind: "text", width: 180, priority: 3 },
    { ...state, width: 130, priority: 1 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: STATES },
    { field: "change", kind: "enum", options: CHANGES },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    change,
    state,
    { field: "plan_name", kind: "text" },
    { field: "subscription_name", kind: "text" },
    { field: "add_on_name", kind: "text" },
    { field: "reason", kind: "text" },
    { field: "rule_name", kind: "text" },
    { field: "program_names", kind: "text" },
    { field: "next_ask_at", kind: "date" },
    { field: "decided_by", kind: "word" },
    { field: "decision_reason", kind: "text" },
    { field: "created_at", kind: "date" },
    { field: "expires_at", kind: "date" },
    { field: "decided_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  actions: [withdraw],
};

export const changeRequests: ResourceManifest = own;

export const adminChangeRequests: ResourceManifest = {
  ...own,
  nav: { section: "business", order: 44, permission: "change_request.decide" },
  columns: [
    ...own.columns.slice(0, 3),
    { field: "reason", kind: "text", width: 240, priority: 3 },
    ...own.columns.slice(3),
  ],
  actions: deciding,
};

export const approvalRules: ResourceManifest = {
  type: "approval_rule",
  slug: "approval-rules",
  namespace: "approval_rules",
  icon: "lock",
  scope: "site",
  paths: { list: "/approval-rules", item: RULE },
  nav: { section: "business", order: 46, permission: "approval.read" },
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 240, priority: 1 },
    { ...change, width: 220, priority: 1 },
    { field: "dimension", kind: "text", width: 180, priority: 3 },
    { field: "above", kind: "number", width: 110, priority: 3 },
    { field: "program_id", kind: "reference", reference: PROGRAM, width: 180 },
    { field: "valid_hours", kind: "number", width: 130, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, visible: false },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  filters: [{ field: "change", kind: "enum", options: CHANGES }],
  essentials: [
    change,
    { field: "program_id", kind: "reference", reference: PROGRAM },
    { field: "plan_id", kind: "reference", reference: { type: "plan" } },
    { field: "dimension", kind: "text" },
    { field: "above", kind: "number" },
    { field: "valid_hours", kind: "number" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  actions: [
    {
      id: "change",
      icon: "edit",
      permission: "approval.admin",
      method: "PATCH",
      path: RULE,
      primary: true,
      form: [
        { name: "name", kind: "text", maxLength: 100 },
        { name: "valid_hours", kind: "number", minimum: 1, maximum: 2160 },
        { name: "program_id", kind: "select", path: "/approval-programs" },
      ],
      cli: "zaffre approval-rule change {name} --program {program_id}",
    },
    {
      id: "people",
      icon: "account",
      permission: "approval.admin",
      method: "PATCH",
      path: RULE,
      body: { program_id: null },
      when: [{ field: "program_id", present: true }],
      confirm: {},
      cli: "zaffre approval-rule change {name} --people",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "approval.admin",
      method: "DELETE",
      path: RULE,
      danger: true,
      bulk: true,
      confirm: {},
      cli: "zaffre approval-rule delete {name}",
    },
  ],
  create: {
    permission: "approval.admin",
    path: "/approval-rules",
    bodySchema: "NewApprovalRuleBody",
    cli: "zaffre approval-rule create {name} --change {change} --dimension {dimension} --above {above} --program {program_id}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "change", kind: "choice", options: CHANGES, default: "subscribe", required: true },
          { name: "plan_id", kind: "select", path: "/plans" },
          {
            name: "dimension",
            kind: "text",
            when: [{ field: "change", in: ["subscribe", "change_plan", "acquire_add_on"] }],
          },
          {
            name: "above",
            kind: "number",
            minimum: 0,
            when: [{ field: "change", in: ["subscribe", "change_plan", "acquire_add_on"] }],
          },
          { name: "program_id", kind: "select", path: "/approval-programs" },
          { name: "valid_hours", kind: "number", minimum: 1, maximum: 2160, default: 168 },
        ],
      },
    ],
  },
};
