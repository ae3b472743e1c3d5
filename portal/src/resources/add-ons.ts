/** Add-ons: what can be had on top of a plan. */
import type { ResourceManifest } from "@/manifest/types";
import { STATE_TONES } from "./offer-states";

const ADD_ON = "/add-ons/{id}";

export const addOns: ResourceManifest = {
  type: "add_on",
  slug: "add-ons",
  namespace: "add_ons",
  icon: "addOn",
  scope: "site",
  paths: { list: "/add-ons", item: ADD_ON },
  nav: { section: "business", order: 15, permission: "plan.read_all" },
  cli: "add-on",
  search: true,
  defaultSort: "name",
  columns: [
    { field: "name", kind: "text", sortable: true, width: 200, priority: 1 },
    { field: "state", kind: "state", sortable: true, width: 150, priority: 1, tones: STATE_TONES },
    { field: "services.*.title", kind: "list", width: 220 },
    { field: "display.price", kind: "text", width: 160, priority: 3 },
    { field: "description", kind: "text", width: 240, priority: 3 },
    { field: "created_at", kind: "date", sortable: true, width: 170, priority: 3 },
    { field: "id", kind: "code", sortable: true, visible: false, width: 300 },
  ],
  filters: [
    { field: "state", kind: "enum", options: ["private", "public", "decommissioned"] },
    { field: "created_at", kind: "date" },
  ],
  essentials: [
    { field: "state", kind: "state", tones: STATE_TONES },
    { field: "description", kind: "text" },
    { field: "created_at", kind: "date" },
    { field: "id", kind: "code", copy: true },
  ],
  tabs: [
    { id: "services", kind: "component", component: () => import("@/pages/plans/ServicesTab") },
    { id: "plans", kind: "component", component: () => import("@/pages/plans/PlansTab") },
    { id: "preview", kind: "component", component: () => import("@/pages/plans/PreviewTab") },
  ],
  actions: [
    {
      id: "change",
      icon: "edit",
      permission: "plan.admin",
      method: "PATCH",
      path: ADD_ON,
      opens: "/add-ons/{id}/change",
      primary: true,
    },
    {
      id: "publish",
      icon: "globe",
      permission: "plan.admin",
      method: "PATCH",
      path: ADD_ON,
      body: { state: "public" },
      when: [{ field: "state", in: ["private"] }],
      primary: true,
      confirm: {},
      cli: "zaffre add-on publish {name}",
    },
    {
      id: "decommission",
      icon: "lock",
      permission: "plan.admin",
      method: "PATCH",
      path: ADD_ON,
      body: { state: "decommissioned" },
      when: [{ field: "state", in: ["public"] }],
      danger: true,
      confirm: {},
      cli: "zaffre add-on decommission {name}",
    },
    {
      id: "delete",
      icon: "delete",
      permission: "plan.admin",
      method: "DELETE",
      path: ADD_ON,
      danger: true,
      confirm: { typeName: true },
      cli: "zaffre add-on delete {name}",
    },
  ],
  // The page at this address is the designer.
  create: { permission: "plan.admin", path: "/add-ons", steps: [] },
};
