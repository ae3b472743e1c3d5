/** Service accounts: accounts of programs, of a subscription or of the site. */
import type { InputManifest, ResourceManifest } from "@/manifest/types";

function serviceAccounts(path: string, permission: string, cli: string, role: InputManifest) {
  const item = `${path}/{id}`;
  const state = (id: string, icon: "pause" | "play", from: string, to: string) => ({
    id,
    icon,
    permission,
    method: "PATCH" as const,
    path: item,
    body: { state: to },
    when: [{ field: "state", in: [from] }],
    danger: to === "suspended",
    ...(to === "suspended" ? { confirm: {} } : {}),
    cli: `zaffre service-account change {name} --${id}${cli}`,
  });
  return {
    type: "service_account",
    slug: "service-accounts",
    namespace: "service_accounts",
    icon: "key",
    paths: { list: path, item },
    search: true,
    defaultSort: "name",
    columns: [
      { field: "name", kind: "text", sortable: true, width: 220, priority: 1 },
      { field: "role", kind: "code", width: 180, priority: 1 },
      { field: "state", kind: "state", width: 120, priority: 1 },
      { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
      { field: "id", kind: "code", visible: false, width: 300 },
    ],
    filters: [{ field: "created_at", kind: "date" }],
    essentials: [
      { field: "role", kind: "code" },
      { field: "state", kind: "state" },
      { field: "email", kind: "code", copy: true },
      { field: "created_at", kind: "date" },
      { field: "id", kind: "code", copy: true },
    ],
    tabs: [
      { id: "tokens", kind: "component", component: () => import("@/pages/service-accounts/TokensTab") },
      { id: "certificates", kind: "component", component: () => import("@/pages/service-accounts/CertificatesTab") },
    ],
    actions: [
      {
        id: "token",
        icon: "key",
        permission,
        method: "POST",
        path: `${item}/api-tokens`,
        primary: true,
        dialog: () => import("@/pages/service-accounts/NewTokenDialog"),
        cli: `zaffre service-account token create {name} TOKEN${cli}`,
      },
      {
        id: "certificate",
        icon: "key",
        permission,
        method: "POST",
        path: `${item}/client-certificates`,
        dialog: () => import("@/pages/service-accounts/NewCertificateDialog"),
        cli: `zaffre service-account certificate add {name} FILE${cli}`,
      },
      {
        id: "change",
        icon: "edit",
        permission,
        method: "PATCH",
        path: item,
        form: [role],
        cli: `zaffre service-account change {name} --role {role}${cli}`,
      },
      state("suspend", "pause", "active", "suspended"),
      state("activate", "play", "suspended", "active"),
      {
        id: "delete",
        icon: "delete",
        permission,
        method: "DELETE",
        path: item,
        danger: true,
        confirm: { typeName: true },
        cli: `zaffre service-account delete {name}${cli}`,
      },
    ],
    create: {
      permission,
      path,
      bodySchema: "NewServiceAccountBody",
      cli: `zaffre service-account create {name} --role {role}${cli}`,
      steps: [{ id: "basics", fields: [{ name: "name", kind: "text", required: true }, role] }],
    },
  } satisfies Partial<ResourceManifest>;
}

export const subscriptionServiceAccounts: ResourceManifest = {
  ...serviceAccounts("/subscriptions/{subscription_id}/service-accounts", "subscription.members", "", {
    name: "role",
    kind: "select",
    required: true,
    path: "/subscriptions/{subscription_id}/roles",
    queryable: false,
  }),
  scope: "subscription",
  nav: { section: "account", order: 16, permission: "subscription.members" },
};

export const siteServiceAccounts: ResourceManifest = {
  ...serviceAccounts("/service-accounts", "account.admin", " --site", {
    name: "role",
    kind: "select",
    required: true,
    path: "/site-roles",
    queryable: false,
  }),
  scope: "site",
  nav: { section: "business", order: 42, permission: "account.admin" },
};
