/** Webhooks: where a subscription's events, or the site's, are sent, and what was sent. */
import type { ActionManifest, ColumnManifest, FieldManifest, InputManifest, ResourceManifest } from "@/manifest/types";

const OWN = "/subscriptions/{subscription_id}/webhooks";
const SITE = "/webhooks";

const COLUMNS: readonly ColumnManifest[] = [
  { field: "name", kind: "text", sortable: true, width: 180, priority: 1 },
  { field: "enabled", kind: "boolean", sortable: true, width: 110, priority: 1 },
  { field: "url", kind: "code", sortable: true, width: 320, priority: 1 },
  { field: "pending", kind: "number", width: 110 },
  { field: "failing_since", kind: "date", width: 170 },
  { field: "disabled_reason", kind: "word", width: 160, priority: 3 },
  { field: "last_success_at", kind: "date", width: 170, priority: 3 },
  { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3, visible: false },
];

const ESSENTIALS: readonly FieldManifest[] = [
  { field: "enabled", kind: "boolean" },
  { field: "disabled_reason", kind: "word" },
  { field: "url", kind: "code", copy: true },
  { field: "kinds", kind: "list" },
  { field: "filter", kind: "code" },
  { field: "pending", kind: "number" },
  { field: "failing_since", kind: "date" },
  { field: "last_success_at", kind: "date" },
  { field: "last_failure_at", kind: "date" },
  { field: "previous_secret_until", kind: "date" },
  { field: "created_at", kind: "date" },
  { field: "id", kind: "code", copy: true },
];

/** What is left empty stays as it is. */
const CHANGES: readonly InputManifest[] = [
  { name: "url", kind: "text" },
  { name: "kinds", kind: "component", component: () => import("@/pages/webhooks/KindsInput") },
  { name: "filter", kind: "text" },
];

function actions(path: string, permission: string, cli: string): ActionManifest[] {
  const hook = `${path}/{id}`;
  return [
    {
      id: "test",
      icon: "play",
      permission,
      method: "POST",
      path: `${hook}/test`,
      when: [{ field: "enabled", in: [true] }],
      primary: true,
      cli: `zaffre webhook test {name}${cli}`,
    },
    {
      id: "change",
      icon: "edit",
      permission,
      method: "PATCH",
      path: hook,
      bodySchema: "WebhookChangeBody",
      form: CHANGES,
      cli: `zaffre webhook change {name} --url {url} --kind {kinds} --filter {filter}${cli}`,
    },
    {
      id: "enable",
      icon: "play",
      permission,
      method: "PATCH",
      path: hook,
      body: { enabled: true },
      when: [{ field: "enabled", in: [false] }],
      bulk: true,
      cli: `zaffre webhook change {name} --enable${cli}`,
    },
    {
      id: "disable",
      icon: "pause",
      permission,
      method: "PATCH",
      path: hook,
      body: { enabled: false },
      when: [{ field: "enabled", in: [true] }],
      bulk: true,
      confirm: {},
      cli: `zaffre webhook change {name} --disable${cli}`,
    },
    {
      id: "rotate_secret",
      icon: "key",
      permission,
      method: "POST",
      path: `${hook}/rotate-secret`,
      dialog: () => import("@/pages/webhooks/RotateSecretDialog"),
      cli: `zaffre webhook rotate-secret {name}${cli}`,
    },
    {
      id: "replay",
      icon: "reset",
      permission,
      method: "POST",
      path: `${hook}/redeliver`,
      when: [{ field: "enabled", in: [true] }],
      bodySchema: "ReplayBody",
      form: [
        {
          name: "since",
          kind: "text",
          required: true,
          pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2})$",
        },
      ],
      cli: `zaffre webhook redeliver {name} --since {since}${cli}`,
    },
    {
      id: "delete",
      icon: "delete",
      permission,
      method: "DELETE",
      path: hook,
      danger: true,
      confirm: { typeName: true },
      cli: `zaffre webhook delete {name}${cli}`,
    },
  ];
}

const COMMON = {
  type: "webhook",
  slug: "webhooks",
  namespace: "webhooks",
  icon: "link",
  search: true,
  defaultSort: "name",
  columns: COLUMNS,
  filters: [
    { field: "enabled", kind: "boolean" },
    { field: "created_at", kind: "date" },
  ],
  essentials: ESSENTIALS,
} satisfies Partial<ResourceManifest>;

export const webhooks: ResourceManifest = {
  ...COMMON,
  scope: "subscription",
  paths: { list: OWN, item: `${OWN}/{id}` },
  nav: { section: "account", order: 45, permission: "webhook.read" },
  tabs: [{ id: "deliveries", kind: "related", type: "webhook_delivery", path: `${OWN}/{id}/deliveries` }],
  actions: actions(OWN, "webhook.write", ""),
  // The page at this address shows the secret, once.
  create: { permission: "webhook.write", path: OWN, steps: [] },
};

export const siteWebhooks: ResourceManifest = {
  ...COMMON,
  scope: "site",
  paths: { list: SITE, item: `${SITE}/{id}` },
  nav: { section: "site", order: 35, permission: "webhook.read_all" },
  tabs: [{ id: "deliveries", kind: "related", type: "webhook_delivery", path: `${SITE}/{id}/deliveries` }],
  actions: actions(SITE, "webhook.admin", " --site"),
  create: { permission: "webhook.admin", path: SITE, steps: [] },
};

function deliveriesOf(
  path: string,
  permission: string,
  cli: string,
  scope: ResourceManifest["scope"],
): ResourceManifest {
  const list = `${path}/{webhook_id}/deliveries`;
  return {
    type: "webhook_delivery",
    slug: "webhook-deliveries",
    namespace: "webhook_deliveries",
    icon: "document",
    scope,
    paths: { list },
    title: [{ field: "kind", kind: "deed" }],
    search: true,
    refreshMs: 2000,
    defaultSort: "created_at desc",
    columns: [
      { field: "kind", kind: "deed", sortable: true, width: 210, priority: 1 },
      { field: "resource_name", kind: "text", width: 150 },
      {
        field: "state",
        kind: "state",
        sortable: true,
        width: 120,
        priority: 1,
        tones: { delivered: "good", pending: "busy" },
      },
      { field: "status", kind: "number", width: 90 },
      { field: "error", kind: "word", width: 130 },
      { field: "attempts", kind: "number", sortable: true, width: 100 },
      { field: "trigger", kind: "word", width: 120, priority: 3 },
      { field: "duration_ms", kind: "number", width: 120, priority: 3 },
      { field: "created_at", kind: "date", sortable: true, width: 170 },
      { field: "event_id", kind: "code", width: 300, visible: false },
    ],
    filters: [
      { field: "state", kind: "enum", options: ["pending", "delivered", "failed"] },
      { field: "trigger", kind: "enum", options: ["event", "redelivery", "test"] },
      { field: "kind", kind: "text" },
      { field: "created_at", kind: "date" },
    ],
    actions: [
      {
        id: "look",
        icon: "document",
        method: "POST",
        path: `${list}/{id}`,
        dialog: () => import("@/pages/webhooks/DeliveryDialog"),
        cli: `zaffre webhook delivery {webhook_id} {id}${cli}`,
      },
      {
        id: "redeliver",
        icon: "reset",
        permission,
        method: "POST",
        path: `${list}/{id}/redeliver`,
        bulk: true,
        cli: `zaffre webhook redeliver {webhook_id} {id}${cli}`,
      },
    ],
  };
}

export const webhookDeliveries = deliveriesOf(OWN, "webhook.write", "", "subscription");
export const siteWebhookDeliveries = deliveriesOf(SITE, "webhook.admin", " --site", "site");
