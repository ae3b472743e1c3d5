/** Guests found on hosts that belong to no virtual machine Zaffre knows. */
import type { ResourceManifest } from "@/manifest/types";

export const unmanagedGuests: ResourceManifest = {
  type: "unmanaged_guest",
  slug: "unmanaged-guests",
  namespace: "unmanaged_guests",
  icon: "alert",
  scope: "site",
  paths: { list: "/unmanaged-guests" },
  nav: { section: "fabric", order: 90, permission: "fabric.read" },
  cli: "unmanaged-guest",
  search: true,
  defaultSort: "first_seen_at desc",
  columns: [
    { field: "title", kind: "text", sortable: true, width: 220, priority: 1 },
    { field: "power_state", kind: "state", width: 120, priority: 1 },
    { field: "host_id", kind: "reference", reference: { type: "host" }, width: 160 },
    { field: "made_by_zaffre", kind: "boolean", sortable: true, width: 150, priority: 3 },
    { field: "first_seen_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "last_seen_at", kind: "date", width: 170, priority: 3 },
    { field: "guest_id", kind: "code", visible: false, width: 300 },
  ],
  filters: [
    { field: "made_by_zaffre", kind: "boolean" },
    { field: "host_id", kind: "reference", reference: { type: "host" } },
  ],
};
