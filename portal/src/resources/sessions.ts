/** Sign-in sessions: where somebody is signed in. */
import type { ResourceManifest } from "@/manifest/types";

export const sessions: ResourceManifest = {
  type: "session",
  slug: "sessions",
  namespace: "sessions",
  icon: "lock",
  scope: "site",
  paths: { list: "/sessions" },
  nav: { section: "account", order: 40, permission: "account.self" },
  cli: "session",
  queryable: false,
  columns: [
    { field: "client", kind: "text", width: 320, priority: 1 },
    { field: "signed_in_with", kind: "text", width: 150 },
    { field: "current", kind: "boolean", width: 110, priority: 1 },
    { field: "created_at", kind: "date", width: 170 },
    { field: "refreshed_at", kind: "date", width: 170, priority: 3 },
    { field: "expires_at", kind: "date", width: 170, priority: 3 },
  ],
  actions: [
    {
      id: "delete",
      icon: "lock",
      permission: "account.self",
      method: "DELETE",
      path: "/sessions/{id}",
      when: [{ field: "current", in: [false] }],
      bulk: true,
      danger: true,
      confirm: {},
      cli: "zaffre session revoke {id}",
    },
  ],
};
