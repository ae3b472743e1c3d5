/** Who works in a subscription besides its owner, in which roles, and one's own invitations. */
import type { InputManifest, ResourceManifest } from "@/manifest/types";

const MEMBERS = "/subscriptions/{subscription_id}/members";
const ROLES = "/subscriptions/{subscription_id}/roles";

const role: InputManifest = {
  name: "role",
  kind: "select",
  required: true,
  path: ROLES,
  queryable: false,
};

export const members: ResourceManifest = {
  type: "subscription_member",
  slug: "members",
  namespace: "members",
  icon: "account",
  scope: "subscription",
  paths: { list: MEMBERS, item: `${MEMBERS}/{id}` },
  title: [{ field: "email", kind: "text" }],
  nav: { section: "account", order: 12, permission: "subscription.read" },
  search: true,
  defaultSort: "email",
  columns: [
    { field: "email", kind: "text", sortable: true, width: 260, priority: 1 },
    { field: "role_name", kind: "text", width: 160, priority: 1 },
    { field: "accepted", kind: "boolean", width: 150 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  essentials: [
    { field: "role_name", kind: "text" },
    { field: "accepted", kind: "boolean" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  actions: [
    {
      id: "change",
      icon: "edit",
      permission: "subscription.members",
      method: "PATCH",
      path: `${MEMBERS}/{id}`,
      primary: true,
      form: [role],
      cli: "zaffre member change {email} {role}",
    },
    {
      id: "remove",
      icon: "delete",
      permission: "subscription.members",
      method: "DELETE",
      path: `${MEMBERS}/{id}`,
      bulk: true,
      danger: true,
      confirm: {},
      cli: "zaffre member remove {email}",
    },
  ],
  create: {
    permission: "subscription.members",
    path: MEMBERS,
    bodySchema: "InvitationBody",
    cli: "zaffre member invite {email} --role {role}",
    steps: [{ id: "basics", fields: [{ name: "email", kind: "text", required: true }, role] }],
  },
};

/** What members can be allowed; the server refuses what it does not know. */
const PERMISSIONS = [
  "image.write",
  "network.read",
  "network.write",
  "operation.cancel",
  "subscription.audit",
  "webhook.read",
  "webhook.write",
  "provider_resource.read",
  "provider_resource.write",
  "subscription.members",
  "subscription.write",
  "usage.read",
  "cost.read",
  "budget.write",
  "virtual_machine.console",
  "virtual_machine.operate",
  "virtual_machine.read",
  "virtual_machine.write",
] as const;

const allowed: InputManifest = {
  name: "permissions",
  kind: "component",
  required: true,
  component: () => import("@/pages/subscriptions/PermissionsInput"),
};

export { PERMISSIONS };

export const subscriptionRoles: ResourceManifest = {
  type: "subscription_role",
  slug: "roles",
  namespace: "subscription_roles",
  icon: "lock",
  scope: "subscription",
  paths: { list: ROLES, item: `${ROLES}/{id}` },
  nav: { section: "account", order: 14, permission: "subscription.read" },
  queryable: false,
  columns: [
    { field: "name", kind: "text", width: 180, priority: 1 },
    { field: "built_in", kind: "boolean", width: 120 },
    { field: "permissions", kind: "list", width: 420, priority: 1 },
  ],
  essentials: [
    { field: "description", kind: "text" },
    { field: "permissions", kind: "list" },
    { field: "built_in", kind: "boolean" },
  ],
  actions: [
    {
      id: "change",
      icon: "edit",
      permission: "subscription.members",
      method: "PATCH",
      path: `${ROLES}/{id}`,
      when: [{ field: "built_in", in: [false] }],
      primary: true,
      form: [allowed],
    },
    {
      id: "delete",
      icon: "delete",
      permission: "subscription.members",
      method: "DELETE",
      path: `${ROLES}/{id}`,
      when: [{ field: "built_in", in: [false] }],
      danger: true,
      confirm: {},
      cli: "zaffre member role delete {name}",
    },
  ],
  create: {
    permission: "subscription.members",
    path: ROLES,
    bodySchema: "NewRoleBody",
    cli: "zaffre member role create {name} --permission {permissions}",
    steps: [
      {
        id: "basics",
        fields: [{ name: "name", kind: "text", required: true }, { name: "description", kind: "text" }, allowed],
      },
    ],
  },
};

export const invitations: ResourceManifest = {
  type: "invitation",
  slug: "invitations",
  namespace: "invitations",
  icon: "account",
  scope: "site",
  paths: { list: "/invitations" },
  nav: { section: "account", order: 15, permission: "account.self" },
  queryable: false,
  columns: [
    { field: "subscription_name", kind: "text", width: 240, priority: 1 },
    { field: "role_name", kind: "text", width: 160, priority: 1 },
    { field: "created_at", kind: "date", width: 170 },
  ],
  actions: [
    {
      id: "accept",
      icon: "play",
      permission: "account.self",
      method: "POST",
      path: "/invitations/{id}/accept",
      primary: true,
      cli: "zaffre member invitation accept {id}",
    },
    {
      id: "decline",
      icon: "delete",
      permission: "account.self",
      method: "POST",
      path: "/invitations/{id}/decline",
      danger: true,
      confirm: {},
      cli: "zaffre member invitation decline {id}",
    },
  ],
};
