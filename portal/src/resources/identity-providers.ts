/** Identity providers: with which accounts that people have elsewhere they can sign in. */
import type { InputManifest, ResourceManifest } from "@/manifest/types";

const PROVIDER = "/identity-providers/{id}";
const permission = "identity_provider.admin";
const RULES = ["refuse", "create", "link", "link_or_create"] as const;

const words = (name: string): InputManifest => ({
  name,
  kind: "component",
  component: () => import("@/pages/webhooks/KindsInput"),
});

export const identityProviders: ResourceManifest = {
  type: "identity_provider",
  slug: "identity-providers",
  namespace: "identity_providers",
  icon: "key",
  scope: "site",
  paths: { list: "/identity-providers", item: PROVIDER },
  nav: { section: "site", order: 37, permission: "identity_provider.read" },
  cli: "identity-provider",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 180, priority: 1 },
    { field: "enabled", kind: "boolean", sortable: true, width: 110, priority: 1 },
    { field: "issuer", kind: "code", sortable: true, width: 320 },
    { field: "new_people", kind: "word", sortable: true, width: 200 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
  ],
  filters: [
    { field: "enabled", kind: "boolean" },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "enabled", kind: "boolean" },
    { field: "issuer", kind: "code", copy: true },
    { field: "client_id", kind: "code", copy: true },
    { field: "has_client_secret", kind: "boolean" },
    { field: "scopes", kind: "list" },
    { field: "new_people", kind: "word" },
    { field: "email_domains", kind: "list" },
    { field: "trusts_addresses", kind: "boolean" },
    { field: "asks_second_factor", kind: "boolean" },
    { field: "email_claim", kind: "code" },
    { field: "verified_claim", kind: "code" },
    { field: "name_claim", kind: "code" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [{ id: "redirects", kind: "component", component: () => import("@/pages/identity-providers/RedirectUrls") }],
  actions: [
    {
      id: "test",
      icon: "play",
      permission,
      method: "POST",
      path: `${PROVIDER}/test`,
      primary: true,
      dialog: () => import("@/pages/identity-providers/TestDialog"),
      cli: "zaffre identity-provider test {name}",
    },
    {
      id: "change",
      icon: "edit",
      permission,
      method: "PATCH",
      path: PROVIDER,
      bodySchema: "IdentityProviderChangeBody",
      form: [
        { name: "client_id", kind: "text" },
        { name: "client_secret", kind: "text", secret: true },
        { name: "new_people", kind: "choice", options: RULES },
        words("email_domains"),
        words("scopes"),
      ],
      cli: "zaffre identity-provider change {name} --new-people {new_people} --email-domain {email_domains}",
    },
    {
      id: "enable",
      icon: "play",
      permission,
      method: "PATCH",
      path: PROVIDER,
      body: { enabled: true },
      when: [{ field: "enabled", in: [false] }],
      cli: "zaffre identity-provider change {name} --enable",
    },
    {
      id: "disable",
      icon: "pause",
      permission,
      method: "PATCH",
      path: PROVIDER,
      body: { enabled: false },
      when: [{ field: "enabled", in: [true] }],
      danger: true,
      confirm: {},
      cli: "zaffre identity-provider change {name} --disable",
    },
    {
      id: "delete",
      icon: "delete",
      permission,
      method: "DELETE",
      path: PROVIDER,
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre identity-provider delete {name}",
    },
  ],
  create: {
    permission,
    path: "/identity-providers",
    bodySchema: "NewIdentityProviderBody",
    cli: "zaffre identity-provider create {name} {issuer} {client_id} --new-people {new_people}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "issuer", kind: "text", required: true },
          { name: "client_id", kind: "text", required: true },
          { name: "client_secret", kind: "text", secret: true },
          words("scopes"),
        ],
      },
      {
        id: "people",
        fields: [
          { name: "new_people", kind: "choice", options: RULES, default: "refuse" },
          words("email_domains"),
          { name: "trusts_addresses", kind: "switch", default: false },
          { name: "asks_second_factor", kind: "switch", default: false },
        ],
      },
    ],
  },
};
