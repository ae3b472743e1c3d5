/** API tokens: what programs sign in with. */
import type { ResourceManifest } from "@/manifest/types";

export const apiTokens: ResourceManifest = {
  type: "api_token",
  slug: "api-tokens",
  namespace: "api_tokens",
  icon: "key",
  scope: "site",
  paths: { list: "/api-tokens" },
  nav: { section: "account", order: 30, permission: "account.self" },
  cli: "token",
  queryable: false,
  columns: [
    { field: "name", kind: "text", width: 240, priority: 1 },
    { field: "created_at", kind: "date", width: 180, priority: 2 },
    { field: "expires_at", kind: "date", width: 180, priority: 1 },
    { field: "scopes", kind: "list", width: 260, priority: 1 },
    { field: "last_used_at", kind: "date", width: 180, priority: 2 },
    { field: "last_used_from", kind: "text", width: 150, priority: 3 },
    { field: "subscription_ids", kind: "list", visible: false, width: 300 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  actions: [
    {
      id: "delete",
      icon: "delete",
      permission: "account.self",
      method: "DELETE",
      path: "/api-tokens/{id}",
      bulk: true,
      danger: true,
      confirm: {},
      cli: "zaffre token delete {name}",
    },
  ],
  // The page at this address shows the token, once.
  create: { permission: "account.self", path: "/api-tokens", steps: [] },
};
