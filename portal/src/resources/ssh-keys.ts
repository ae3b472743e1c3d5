/** SSH keys of a subscription, which its virtual machines let in. */
import { TAG_COLUMN, TAG_FIELD, TAG_FILTER, TAG_INPUT, tagsAction } from "@/manifest/tags";
import type { ResourceManifest } from "@/manifest/types";

const KEYS = "/subscriptions/{subscription_id}/ssh-keys";

export const sshKeys: ResourceManifest = {
  type: "ssh_key",
  slug: "ssh-keys",
  namespace: "ssh_keys",
  icon: "key",
  scope: "subscription",
  paths: { list: KEYS, item: `${KEYS}/{id}` },
  nav: { section: "compute", order: 40, permission: "virtual_machine.read" },
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "fingerprint", kind: "code", width: 380, priority: 2, copy: true },
    TAG_COLUMN,
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", visible: false, width: 300 },
  ],
  filters: [TAG_FILTER],
  essentials: [
    { field: "fingerprint", kind: "code", copy: true },
    TAG_FIELD,
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "key", kind: "fields", groups: [{ id: "key", fields: [{ field: "public_key", kind: "code", copy: true }] }] },
  ],
  actions: [
    tagsAction("virtual_machine.write", `${KEYS}/{id}`),
    {
      id: "delete",
      icon: "delete",
      permission: "virtual_machine.write",
      method: "DELETE",
      path: `${KEYS}/{id}`,
      bulk: true,
      primary: true,
      danger: true,
      confirm: { typeName: true },
    },
  ],
  create: {
    permission: "virtual_machine.write",
    path: KEYS,
    bodySchema: "NewSshKeyBody",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text", required: true },
          {
            name: "public_key",
            kind: "component",
            required: true,
            component: () => import("@/pages/virtual-machines/PublicKeyInput"),
          },
          TAG_INPUT,
        ],
      },
    ],
  },
};
