/** Plans as tenants see them: those on offer, and those that they subscribe to. The page of offers leads to them. */
import type { ResourceManifest } from "@/manifest/types";

export const offeredPlans: ResourceManifest = {
  type: "plan",
  slug: "plans",
  namespace: "offers",
  icon: "plan",
  scope: "site",
  paths: { list: "/plans", item: "/plans/{id}" },
  title: [{ field: "display.name", kind: "text" }],
  search: true,
  defaultSort: "name",
  columns: [
    { field: "display.name", kind: "text", width: 200, priority: 1 },
    { field: "display.price", kind: "text", width: 180 },
    { field: "display.description", kind: "text", width: 260, priority: 3 },
    { field: "name", kind: "text", sortable: true, visible: false, width: 200 },
  ],
  essentials: [
    { field: "display.description", kind: "text" },
    { field: "display.price", kind: "text" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [{ id: "offer", kind: "component", component: () => import("@/pages/offers/OfferTab") }],
};
