/** Accounts: the people of a site. */
import type { ResourceManifest } from "@/manifest/types";

const ACCOUNT = "/accounts/{id}";

export const accounts: ResourceManifest = {
  type: "account",
  slug: "accounts",
  namespace: "accounts",
  icon: "accounts",
  scope: "site",
  paths: { list: "/accounts", item: ACCOUNT },
  nav: { section: "business", order: 40, permission: "account.admin" },
  cli: "account",
  search: true,
  defaultSort: "email",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 180, priority: 1 },
    { field: "email", kind: "text", sortable: true, width: 240 },
    { field: "state", kind: "state", sortable: true, width: 120, priority: 1 },
    {
      field: "role",
      kind: "state",
      sortable: true,
      width: 160,
      priority: 3,
      tones: { tenant: "neutral", site_administrator: "warning" },
    },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["active", "suspended"] },
    { field: "role", kind: "enum", options: ["tenant", "site_administrator"] },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "email", kind: "text", copy: true },
    { field: "state", kind: "state" },
    { field: "role", kind: "state", tones: { tenant: "neutral", site_administrator: "warning" } },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [{ id: "subscriptions", kind: "related", type: "subscription", filter: "account_id eq {id}" }],
  actions: [
    {
      id: "act_for",
      icon: "account",
      permission: "account.admin",
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
          { name: "role", kind: "choice", options: ["tenant", "site_administrator"], default: "tenant" },
          { name: "password", kind: "text", secret: true, required: true },
        ],
      },
    ],
  },
};
