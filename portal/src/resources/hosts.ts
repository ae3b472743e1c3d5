/** Hosts, as the provider sees them. */
import type { ResourceManifest } from "@/manifest/types";
import { hostBody } from "@/pages/hosts/hostBody";

const HOST = "/hosts/{id}";

export const hosts: ResourceManifest = {
  type: "host",
  slug: "hosts",
  namespace: "hosts",
  icon: "host",
  scope: "site",
  paths: { list: "/hosts", item: HOST },
  nav: { section: "fabric", order: 20, permission: "fabric.read" },
  cli: "host",
  search: true,
  defaultSort: "name",
  transient: ["adding", "removing"],
  columns: [
    { field: "name", kind: "text", sortable: true, width: 180, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 120, priority: 1 },
    { field: "connected", kind: "boolean", sortable: true, width: 110 },
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" }, width: 150, priority: 3 },
    { field: "vcpus_reserved", kind: "number", sortable: true, width: 130 },
    { field: "vcpus_capacity", kind: "number", width: 120, priority: 3 },
    { field: "memory_reserved_mib", kind: "mib", sortable: true, width: 150 },
    { field: "memory_capacity_mib", kind: "mib", width: 150, priority: 3 },
    { field: "storage_free_gib", kind: "gib", width: 130, priority: 3 },
    { field: "accelerator", kind: "text", width: 120, priority: 3 },
    { field: "problem", kind: "text", width: 200, priority: 3, visible: false },
    { field: "created_at", kind: "date", sortable: true, visible: false },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["adding", "enabled", "disabled", "removing"] },
    { field: "connected", kind: "boolean" },
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" } },
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "connected", kind: "boolean" },
    { field: "stamp_id", kind: "reference", reference: { type: "stamp" } },
    { field: "hostname", kind: "text" },
    { field: "uri", kind: "code", copy: true },
    { field: "accelerator", kind: "text" },
    { field: "engine_version", kind: "text" },
    { field: "observed_at", kind: "date" },
    { field: "problem", kind: "text" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    {
      id: "capacity",
      kind: "fields",
      groups: [
        {
          id: "processors",
          fields: [
            { field: "vcpus", kind: "number" },
            { field: "vcpus_capacity", kind: "number" },
            { field: "vcpus_reserved", kind: "number" },
          ],
        },
        {
          id: "memory",
          fields: [
            { field: "memory_mib", kind: "mib" },
            { field: "memory_capacity_mib", kind: "mib" },
            { field: "memory_reserved_mib", kind: "mib" },
          ],
        },
        {
          id: "storage",
          fields: [
            { field: "storage_gib", kind: "gib" },
            { field: "storage_free_gib", kind: "gib" },
            { field: "storage_capacity_gib", kind: "gib" },
            { field: "storage_reserved_gib", kind: "gib" },
          ],
        },
      ],
    },
    { id: "virtual_machines", kind: "related", type: "virtual_machine", filter: "host_id eq {id}" },
    { id: "unmanaged_guests", kind: "related", type: "unmanaged_guest", filter: "host_id eq {id}" },
    {
      id: "settings",
      kind: "fields",
      groups: [
        {
          id: "connection",
          fields: [
            { field: "driver", kind: "text" },
            { field: "uri", kind: "code", copy: true },
            { field: "pool_path", kind: "code", copy: true },
            { field: "integration_bridge", kind: "code" },
            { field: "provider_address", kind: "code" },
          ],
        },
      ],
    },
  ],
  actions: [
    {
      id: "enable",
      icon: "play",
      permission: "fabric.write",
      method: "PATCH",
      path: HOST,
      body: { enabled: true },
      when: [{ field: "state", in: ["disabled"] }],
      bulk: true,
      primary: true,
      cli: "zaffre host enable {name}",
    },
    {
      id: "disable",
      icon: "pause",
      permission: "fabric.write",
      method: "PATCH",
      path: HOST,
      body: { enabled: false },
      when: [{ field: "state", in: ["enabled"] }],
      bulk: true,
      primary: true,
      confirm: {},
      cli: "zaffre host disable {name}",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "fabric.write",
      method: "DELETE",
      path: HOST,
      when: [{ field: "state", notIn: ["removing", "adding"] }],
      danger: true,
      confirm: { typeName: true, affected: [{ type: "virtual_machine", filter: "host_id eq {id}" }] },
      cli: "zaffre host remove {name}",
    },
  ],
  create: {
    permission: "fabric.write",
    path: "/hosts",
    bodySchema: "NewHostBody",
    toBody: hostBody,
    cli: "zaffre host add {name} --stamp {stamp_id} --uri {uri} --driver {driver} --pool-path {pool_path} --bridge {integration_bridge} --provider-address {provider_address}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "stamp_id", kind: "select", path: "/stamps", required: true },
          { name: "driver", kind: "choice", options: ["libvirt", "simulated"], default: "libvirt" },
          { name: "uri", kind: "text", required: true },
        ],
      },
      {
        id: "places",
        fields: [
          { name: "pool_path", kind: "text", default: "/var/lib/libvirt/zaffre" },
          { name: "integration_bridge", kind: "text", default: "br-int" },
          { name: "provider_address", kind: "text" },
        ],
      },
      {
        id: "check",
        fields: [{ name: "preflight", kind: "component", component: () => import("@/pages/hosts/PreflightInput") }],
      },
    ],
  },
};
