/** Everybody's virtual machines, as the provider sees them: where they are, and whose they are. */
import type { ResourceManifest } from "@/manifest/types";

import { virtualMachines } from "./virtual-machines";

export const adminVirtualMachines: ResourceManifest = {
  ...virtualMachines,
  slug: "virtual-machines",
  scope: "site",
  paths: { list: "/virtual-machines", item: "/virtual-machines/{id}" },
  nav: { section: "fabric", order: 30, permission: "fabric.read" },
  create: undefined,
  columns: [
    { field: "name", kind: "text", sortable: true, width: 190, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 130, priority: 1 },
    { field: "host_id", kind: "reference", reference: { type: "host" }, width: 140 },
    { field: "subscription_id", kind: "reference", reference: { type: "subscription" }, width: 160 },
    { field: "ports.*.address", kind: "list", width: 140, priority: 3 },
    { field: "size", kind: "text", sortable: true, width: 110, priority: 3 },
    { field: "vcpus", kind: "number", sortable: true, width: 90, priority: 3, visible: false },
    { field: "memory_mib", kind: "mib", sortable: true, width: 110, priority: 3, visible: false },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["running", "stopped", "paused", "crashed", "missing", "unknown"] },
    { field: "host_id", kind: "reference", reference: { type: "host" } },
    { field: "subscription_id", kind: "reference", reference: { type: "subscription" } },
    { field: "size", kind: "text" },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "stop_reason", kind: "word" },
    { field: "host_id", kind: "reference", reference: { type: "host" } },
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" } },
    { field: "subscription_id", kind: "reference", reference: { type: "subscription" } },
    { field: "ports.*.address", kind: "list", copy: true },
    { field: "size", kind: "text" },
    { field: "vcpus", kind: "number" },
    { field: "memory_mib", kind: "mib" },
    { field: "observed_at", kind: "date" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [],
  actions: [
    {
      id: "migrate",
      icon: "host",
      permission: "fabric.write",
      method: "POST",
      path: "/virtual-machines/{id}/migrate",
      when: [{ field: "state", in: ["running"] }],
      primary: true,
      dialog: () => import("@/pages/virtual-machines/MigrateDialog"),
      cli: "zaffre vm migrate {name}",
    },
    // Sizes and quotas are the tenant's to weigh.
    ...(virtualMachines.actions ?? []).filter((action) => action.id !== "resize"),
  ],
};
