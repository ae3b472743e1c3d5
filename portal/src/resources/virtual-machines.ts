/** Virtual machines, as a tenant sees them. */
import { TAG_COLUMN, TAG_FIELD, TAG_FILTER, TAG_INPUT, tagsAction } from "@/manifest/tags";
import type { ActionManifest, Condition, ResourceManifest } from "@/manifest/types";
import { machineBody } from "@/pages/virtual-machines/machineBody";

const M = "/subscriptions/{subscription_id}/virtual-machines/{id}";
const S = "/subscriptions/{subscription_id}";

/** Somebody who may switch machines on and off. */
function power(action: string, when: Condition, rest: Partial<ActionManifest>): ActionManifest {
  return {
    id: action,
    icon: "power",
    permission: "virtual_machine.operate",
    method: "POST",
    path: `${M}/${action}`,
    when: [when],
    cli: `zaffre vm ${action} {name}`,
    ...rest,
  };
}

export const virtualMachines: ResourceManifest = {
  type: "virtual_machine",
  slug: "virtual-machines",
  namespace: "virtual_machines",
  icon: "machine",
  scope: "subscription",
  paths: { list: `${S}/virtual-machines`, item: M },
  nav: { section: "compute", order: 10, permission: "virtual_machine.read" },
  cli: "vm",
  search: true,
  defaultSort: "name",
  transient: [
    ...["creating", "starting", "stopping", "shutting_down", "deleting", "resetting", "pausing", "resuming"],
    ...["reconfiguring", "checkpointing", "restoring", "migrating", "resizing"],
  ],
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 130, priority: 1 },
    { field: "ports.*.address", kind: "list", width: 150 },
    { field: "size", kind: "text", sortable: true, width: 120 },
    { field: "vcpus", kind: "number", sortable: true, width: 90, priority: 3 },
    { field: "memory_mib", kind: "mib", sortable: true, width: 110, priority: 3 },
    { field: "image_id", kind: "reference", reference: { type: "image" }, width: 140, priority: 3, visible: false },
    TAG_COLUMN,
    { field: "ready", kind: "boolean", sortable: true, width: 100, priority: 3, visible: false },
    { field: "hostname", kind: "text", sortable: true, visible: false },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    {
      field: "state",
      kind: "enum",
      options: ["running", "stopped", "paused", "crashed", "creating", "deleting", "unknown"],
    },
    { field: "size", kind: "text" },
    { field: "ready", kind: "boolean" },
    { field: "vcpus", kind: "number" },
    { field: "created_at", kind: "date" },
    { field: "availability_set_id", kind: "reference", reference: { type: "availability_set" } },
    TAG_FILTER,
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "stop_reason", kind: "word" },
    { field: "size", kind: "text" },
    { field: "vcpus", kind: "number" },
    { field: "memory_mib", kind: "mib" },
    { field: "restart_required", kind: "boolean" },
    { field: "ports.*.address", kind: "list", copy: true },
    { field: "hostname", kind: "text", copy: true },
    { field: "ready", kind: "boolean" },
    { field: "image_id", kind: "reference", reference: { type: "image" } },
    { field: "availability_set_id", kind: "reference", reference: { type: "availability_set" } },
    TAG_FIELD,
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    {
      id: "overview",
      kind: "component",
      permission: "virtual_machine.read",
      component: () => import("@/pages/virtual-machines/OverviewTab"),
    },
    {
      id: "console",
      kind: "component",
      permission: "virtual_machine.console",
      component: () => import("@/pages/console/ConsoleTab"),
    },
    {
      id: "serial",
      kind: "component",
      permission: "virtual_machine.console",
      component: () => import("@/pages/console/SerialTab"),
    },
    {
      id: "disks",
      kind: "component",
      permission: "virtual_machine.read",
      component: () => import("@/pages/virtual-machines/DisksTab"),
    },
    {
      id: "network",
      kind: "component",
      permission: "virtual_machine.read",
      component: () => import("@/pages/virtual-machines/NetworkTab"),
    },
    {
      id: "checkpoints",
      kind: "component",
      permission: "virtual_machine.read",
      component: () => import("@/pages/virtual-machines/CheckpointsTab"),
    },
  ],
  actions: [
    power("start", { field: "state", in: ["stopped", "crashed"] }, { icon: "play", bulk: true, primary: true }),
    power("shutdown", { field: "state", in: ["running"] }, { bulk: true, primary: true }),
    power(
      "reset",
      { field: "state", in: ["running", "paused"] },
      { icon: "reset", bulk: true, danger: true, confirm: {} },
    ),
    power(
      "stop",
      { field: "state", in: ["running", "paused"] },
      { icon: "stop", bulk: true, danger: true, confirm: {} },
    ),
    power("pause", { field: "state", in: ["running"] }, { icon: "pause", bulk: true }),
    power("resume", { field: "state", in: ["paused"] }, { icon: "play", bulk: true }),
    {
      id: "rename",
      icon: "edit",
      permission: "virtual_machine.write",
      method: "PATCH",
      path: M,
      bodySchema: "MachineChangeBody",
      form: [{ name: "name", kind: "text", required: true }],
    },
    {
      id: "resize",
      icon: "resize",
      permission: "virtual_machine.write",
      method: "POST",
      path: `${M}/resize`,
      when: [
        { field: "state", in: ["running", "stopped", "paused", "crashed"] },
        { field: "checkpoint_count", in: [0], reason: "has_checkpoints" },
      ],
      dialog: () => import("@/pages/virtual-machines/ResizeDialog"),
      cli: "zaffre vm resize {name} SIZE",
    },
    tagsAction("virtual_machine.write", M),
    {
      id: "delete",
      icon: "delete",
      permission: "virtual_machine.write",
      method: "DELETE",
      path: M,
      when: [{ field: "state", notIn: ["deleting"] }],
      bulk: true,
      primary: true,
      danger: true,
      confirm: {
        typeName: true,
        affected: [
          { type: "disk", path: `${S}/disks`, filter: "virtual_machine_id eq '{id}' and kind eq 'root'" },
          { type: "checkpoint", path: `${M}/checkpoints` },
        ],
      },
      cli: "zaffre vm delete {name}",
    },
  ],
  create: {
    permission: "virtual_machine.write",
    path: `${S}/virtual-machines`,
    bodySchema: "NewVirtualMachineBody",
    toBody: machineBody,
    cli: "zaffre vm create {name} --image {image_id} --size {size} [--disk {disk_gib}] [--network {ports}] [--key {ssh_key_ids}] [--availability-set {availability_set_id}] [--tag {tags}]",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          {
            name: "image_id",
            kind: "select",
            required: true,
            path: `${S}/images`,
            filter: "kind eq 'disk' and state eq 'available'",
            detailFields: [{ field: "description", kind: "text" }],
          },
          {
            name: "size",
            kind: "component",
            required: true,
            component: () => import("@/pages/virtual-machines/SizeInput"),
          },
        ],
      },
      {
        id: "disks",
        fields: [{ name: "disk_gib", kind: "number", unit: "GiB" }],
      },
      {
        id: "network",
        fields: [{ name: "ports", kind: "component", component: () => import("@/pages/virtual-machines/PortsInput") }],
      },
      {
        id: "access",
        fields: [
          { name: "ssh_key_ids", kind: "component", component: () => import("@/pages/virtual-machines/KeysInput") },
          { name: "user_data", kind: "component", component: () => import("@/pages/virtual-machines/CloudInitInput") },
        ],
      },
      {
        id: "more",
        fields: [{ name: "availability_set_id", kind: "select", path: `${S}/availability-sets` }, TAG_INPUT],
      },
    ],
    quota: [
      { dimension: "virtual_machines", amount: 1 },
      { dimension: "vcpus", amount: "size.vcpus" },
      { dimension: "memory_mib", amount: "size.memory_mib" },
      { dimension: "disk_gib", amount: "disk_gib" },
    ],
  },
};
