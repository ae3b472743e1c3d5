/** Accounts: the people of a site. */
import type { InputManifest, ResourceManifest, Tone } from "@/manifest/types";

const ACCOUNT = "/accounts/{id}";
const BUILT_IN = ["tenant", "site_administrator", "fabric_operator", "plans_and_billing", "help_desk", "auditor"];
/** Whoever may do everything stands out; so does, less, whoever may do more than a tenant. */
const TONES: Readonly<Record<string, Tone>> = {
  tenant: "neutral",
  site_administrator: "warning",
};

const role: InputManifest = {
  name: "role",
  kind: "select",
  path: "/site-roles",
  queryable: false,
  required: true,
  default: "tenant",
  detailFields: [{ field: "description", kind: "text" }],
};

export const accounts: ResourceManifest = {
  type: "account",
  slug: "accounts",
  namespace: "accounts",
  icon: "accounts",
  scope: "site",
  paths: { list: "/accounts", item: ACCOUNT },
  nav: { section: "business", order: 40, permission: "account.read" },
  cli: "account",
  search: true,
  defaultSort: "email",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 180, priority: 1 },
    { field: "email", kind: "text", sortable: true, width: 240 },
    { field: "state", kind: "state", sortable: true, width: 120, priority: 1 },
    { field: "role_name", kind: "state", width: 180, priority: 3, tones: TONES },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["active", "suspended"] },
    { field: "role", kind: "enum", options: BUILT_IN },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "email", kind: "text", copy: true },
    { field: "state", kind: "state" },
    { field: "role_name", kind: "state", tones: TONES },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    {
      id: "subscriptions",
      kind: "related",
      type: "subscription",
      permission: "subscription.read_all",
      filter: "account_id eq {id}",
    },
  ],
  actions: [
    {
      id: "act_for",
      icon: "account",
      permission: "account.act_for",
      method: "POST",
      path: `${ACCOUNT}/sessions`,
      when: [
        { field: "role", in: ["tenant"], reason: "role" },
        { field: "state", in: ["active"], reason: "suspended" },
      ],
      primary: true,
      dialog: () => import("@/pages/accounts/ActForDialog"),
      cli: "zaffre account act-for {email}",
    },
    {
      id: "set_role",
      icon: "lock",
      permission: ["account.admin", "role.admin"],
      method: "PATCH",
      path: ACCOUNT,
      form: [role],
      cli: "zaffre account set-role {email} {role}",
    },
    {
      id: "send_reset",
      icon: "key",
      permission: "account.reset",
      method: "POST",
      path: `${ACCOUNT}/password-reset`,
      when: [{ field: "state", in: ["active"], reason: "suspended" }],
      confirm: {},
      cli: "zaffre account send-reset {email}",
    },
    {
      id: "suspend",
      icon: "pause",
      permission: "account.admin",
      method: "PATCH",
      path: ACCOUNT,
      body: { state: "suspended" },
      when: [{ field: "state", in: ["active"] }],
      bulk: true,
      danger: true,
      confirm: {},
      cli: "zaffre account suspend {email}",
    },
    {
      id: "activate",
      icon: "play",
      permission: "account.admin",
      method: "PATCH",
      path: ACCOUNT,
      body: { state: "active" },
      when: [{ field: "state", in: ["suspended"] }],
      bulk: true,
      cli: "zaffre account activate {email}",
    },
    {
      id: "reset_second_factor",
      icon: "key",
      permission: "account.admin",
      method: "DELETE",
      path: `${ACCOUNT}/second-factor`,
      danger: true,
      confirm: {},
      cli: "zaffre account second-factor reset {email}",
    },
  ],
  create: {
    permission: "account.admin",
    path: "/accounts",
    bodySchema: "NewAccountBody",
    cli: "zaffre account create {email} --full-name {name} --role {role}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "email", kind: "text", required: true },
          { name: "name", kind: "text", required: true },
          role,
          { name: "password", kind: "text", secret: true, required: true },
        ],
      },
    ],
  },
};
