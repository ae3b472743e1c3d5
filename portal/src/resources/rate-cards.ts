/** Rate cards: what usage costs. */
import type { ResourceManifest } from "@/manifest/types";

const CARD = "/rate-cards/{id}";

export const rateCards: ResourceManifest = {
  type: "rate_card",
  slug: "rate-cards",
  namespace: "rate_cards",
  icon: "money",
  scope: "site",
  paths: { list: "/rate-cards", item: CARD },
  nav: { section: "business", order: 50, permission: "rate.read" },
  cli: "rate-card",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 220, priority: 1 },
    { field: "currency", kind: "text", sortable: true, width: 120, priority: 1 },
    { field: "description", kind: "text", width: 260, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  essentials: [
    { field: "currency", kind: "text" },
    { field: "description", kind: "text" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "rates", kind: "component", component: () => import("@/pages/money/RatesTab") },
    { id: "uses", kind: "component", component: () => import("@/pages/money/UsesTab") },
  ],
  actions: [
    {
      id: "change",
      icon: "edit",
      permission: "rate.admin",
      method: "PATCH",
      path: CARD,
      bodySchema: "RateCardChangeBody",
      primary: true,
      form: [
        { name: "name", kind: "text", required: true },
        { name: "description", kind: "text" },
      ],
    },
    {
      id: "delete",
      icon: "delete",
      permission: "rate.admin",
      method: "DELETE",
      path: CARD,
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre rate-card delete {name}",
    },
  ],
  create: {
    permission: "rate.admin",
    path: "/rate-cards",
    bodySchema: "NewRateCardBody",
    steps: [
      {
        id: "basics",
        fields: [
          { name: "name", kind: "text" },
          { name: "currency", kind: "text", default: "EUR" },
          { name: "description", kind: "text" },
        ],
      },
    ],
  },
};
