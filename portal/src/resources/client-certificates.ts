/** Client certificates: what programs sign in to the public API with. */
import type { ResourceManifest } from "@/manifest/types";

export const clientCertificates: ResourceManifest = {
  type: "client_certificate",
  slug: "client-certificates",
  namespace: "client_certificates",
  icon: "key",
  scope: "site",
  paths: { list: "/client-certificates" },
  nav: { section: "account", order: 32, permission: "account.self" },
  cli: "certificate",
  queryable: false,
  columns: [
    { field: "name", kind: "text", width: 200, priority: 1 },
    { field: "fingerprint", kind: "code", width: 220, priority: 2 },
    { field: "subject", kind: "text", width: 200, priority: 2 },
    { field: "expires_at", kind: "date", width: 170, priority: 1 },
    { field: "last_used_at", kind: "date", width: 170, priority: 1 },
    { field: "last_used_from", kind: "text", width: 140, priority: 3 },
    { field: "scopes", kind: "list", width: 220, priority: 3 },
    { field: "key", kind: "text", visible: false, width: 120 },
    { field: "issuer", kind: "text", visible: false, width: 220 },
    { field: "not_after", kind: "date", visible: false, width: 170 },
    { field: "created_at", kind: "date", visible: false, width: 170 },
    { field: "subscription_ids", kind: "list", visible: false, width: 300 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  actions: [
    {
      id: "delete",
      icon: "delete",
      permission: "account.self",
      method: "DELETE",
      path: "/client-certificates/{id}",
      bulk: true,
      danger: true,
      confirm: {},
      cli: "zaffre certificate delete {name}",
    },
  ],
  // The page at this address takes a file, and shows what it says.
  create: { permission: "account.self", path: "/client-certificates", steps: [] },
};
