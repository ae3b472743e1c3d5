/** The library's images: what virtual machines are made from, and what is put into their drives. */
import type { ResourceManifest } from "@/manifest/types";

const IMAGE = "/images/{id}";

export const images: ResourceManifest = {
  type: "image",
  slug: "images",
  namespace: "images",
  icon: "image",
  scope: "site",
  paths: { list: "/images", item: IMAGE },
  nav: { section: "fabric", order: 60, permission: "fabric.read" },
  cli: "image",
  search: true,
  defaultSort: "name",
  transient: ["importing", "deleting"],
  columns: [
    { field: "name", kind: "text", sortable: true, width: 220, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 130, priority: 1 },
    { field: "kind", kind: "state", sortable: true, width: 100, tones: { disk: "neutral", iso: "neutral" } },
    { field: "size_bytes", kind: "bytes", width: 110 },
    { field: "virtual_size_bytes", kind: "bytes", width: 120, priority: 3 },
    { field: "default_user", kind: "text", width: 120, priority: 3 },
    { field: "description", kind: "text", width: 220, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["empty", "importing", "available", "deleting"] },
    { field: "kind", kind: "enum", options: ["disk", "iso"] },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "state", kind: "state" },
    { field: "kind", kind: "state", tones: { disk: "neutral", iso: "neutral" } },
    { field: "format", kind: "text" },
    { field: "size_bytes", kind: "bytes" },
    { field: "virtual_size_bytes", kind: "bytes" },
    { field: "default_user", kind: "text" },
    { field: "minimum_memory_mib", kind: "mib" },
    { field: "minimum_disk_gib", kind: "gib" },
    { field: "description", kind: "text" },
    { field: "sha256", kind: "code", copy: true },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  actions: [
    {
      id: "import",
      icon: "download",
      permission: "library.write",
      method: "POST",
      path: `${IMAGE}/import`,
      when: [{ field: "state", in: ["empty", "awaiting_content"] }],
      bodySchema: "ImportBody",
      form: [{ name: "path", kind: "text", required: true }],
      cli: "zaffre image import {name} {path}",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "library.write",
      method: "DELETE",
      path: IMAGE,
      when: [{ field: "state", notIn: ["deleting"] }],
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre image delete {name}",
    },
  ],
  create: {
    permission: "library.write",
    path: "/images",
    bodySchema: "NewImageBody",
    cli: "zaffre image create {name} --kind {kind} --description {description} --default-user {default_user} --minimum-memory {minimum_memory_mib} --minimum-disk {minimum_disk_gib}",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          { name: "kind", kind: "choice", options: ["disk", "iso"], default: "disk" },
          { name: "description", kind: "text" },
        ],
      },
      {
        id: "needs",
        fields: [
          { name: "default_user", kind: "text", default: "root", when: [{ field: "kind", in: ["disk"] }] },
          { name: "minimum_memory_mib", kind: "number", unit: "MiB", default: 128 },
          { name: "minimum_disk_gib", kind: "number", unit: "GiB", default: 1 },
        ],
      },
    ],
  },
};
