/** What accounts can be at the site: the roles that are built in, and the site's own. */
import type { InputManifest, ResourceManifest } from "@/manifest/types";

const ROLES = "/site-roles";

const allowed: InputManifest = {
  name: "permissions",
  kind: "component",
  required: true,
  component: () => import("@/pages/accounts/SitePermissionsInput"),
};

const OWN = [{ field: "built_in", in: [false] }];

export const siteRoles: ResourceManifest = {
  type: "site_role",
  slug: "site-roles",
  namespace: "site_roles",
  icon: "lock",
  scope: "site",
  paths: { list: ROLES, item: `${ROLES}/{id}` },
  nav: { section: "business", order: 42, permission: "role.read" },
  cli: "site-role",
  queryable: false,
  columns: [
    { field: "name", kind: "state", width: 200, priority: 1, tones: { site_administrator: "warning" } },
    { field: "description", kind: "text", width: 420, priority: 2 },
    { field: "holders", kind: "number", width: 110, priority: 1 },
    { field: "built_in", kind: "boolean", width: 120, priority: 3 },
  ],
  essentials: [
    { field: "description", kind: "text" },
    { field: "holders", kind: "number" },
    { field: "built_in", kind: "boolean" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "permissions", kind: "component", component: () => import("@/pages/accounts/SiteRolePermissions") },
    { id: "accounts", kind: "related", type: "account", filter: "role eq {id}", permission: "account.read" },
  ],
  actions: [
    {
      id: "change",
      icon: "edit",
      permission: "role.admin",
      method: "PATCH",
      path: `${ROLES}/{id}`,
      bodySchema: "SiteRoleChangeBody",
      when: OWN,
      primary: true,
      form: [{ name: "description", kind: "text" }, allowed],
    },
    {
      id: "delete",
      icon: "delete",
      permission: "role.admin",
      method: "DELETE",
      path: `${ROLES}/{id}`,
      when: OWN,
      danger: true,
      confirm: {},
      cli: "zaffre site-role delete {name}",
    },
  ],
  create: {
    permission: "role.admin",
    path: ROLES,
    bodySchema: "NewSiteRoleBody",
    cli: "zaffre site-role create {name} --permission {permissions}",
    steps: [
      {
        id: "basics",
        fields: [{ name: "name", kind: "text", required: true }, { name: "description", kind: "text" }, allowed],
      },
    ],
  },
};
