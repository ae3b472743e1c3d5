/** The images a subscription sees: the site's, and its own. */
import { TAG_COLUMN, TAG_FIELD, TAG_FILTER, tagsAction } from "@/manifest/tags";
import type { ResourceManifest } from "@/manifest/types";

const IMAGE = "/subscriptions/{subscription_id}/images/{id}";

export const ownImages: ResourceManifest = {
  type: "image",
  slug: "images",
  namespace: "images",
  icon: "image",
  scope: "subscription",
  paths: { list: "/subscriptions/{subscription_id}/images", item: IMAGE },
  nav: { section: "library", order: 10, permission: "virtual_machine.read" },
  cli: "image",
  search: true,
  defaultSort: "name",
  transient: ["importing", "deleting"],
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 150, priority: 1 },
    { field: "kind", kind: "state", sortable: true, width: 100, tones: { disk: "neutral", iso: "neutral" } },
    { field: "size_bytes", kind: "bytes", width: 110 },
    { field: "minimum_memory_mib", kind: "mib", width: 150, priority: 3 },
    { field: "default_user", kind: "text", width: 130, priority: 3 },
    { field: "description", kind: "text", width: 220, priority: 3 },
    TAG_COLUMN,
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "kind", kind: "enum", options: ["disk", "iso"] },
    { field: "state", kind: "enum", options: ["awaiting_content", "available", "deleting"] },
    { field: "created_at", kind: "date" },
    TAG_FILTER,
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
    TAG_FIELD,
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  actions: [
    {
      id: "upload",
      icon: "upload",
      permission: "image.write",
      method: "PATCH",
      path: `${IMAGE}/content`,
      when: [{ field: "state", in: ["awaiting_content"] }],
      primary: true,
      dialog: () => import("@/pages/library/UploadDialog"),
      cli: "zaffre image upload {name} FILE",
    },
    tagsAction("image.write", IMAGE, [{ field: "owner_subscription_id", present: true }]),
    {
      id: "delete",
      icon: "delete",
      permission: "image.write",
      method: "DELETE",
      path: IMAGE,
      when: [
        { field: "owner_subscription_id", present: true, reason: "not_own" },
        { field: "state", notIn: ["deleting"], reason: "deleting" },
      ],
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre image delete {name}",
    },
  ],
  // The page at this address takes the file as well.
  create: { permission: "image.write", path: "/subscriptions/{subscription_id}/images", steps: [] },
};
