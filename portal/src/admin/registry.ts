/** The admin portal: one line per resource and page. */
import type { PortalDefinition } from "@/manifest/portal";
import { hosts } from "@/resources/hosts";

export const adminPortal: PortalDefinition = {
  face: "admin",
  sections: ["home", "business", "fabric", "network", "library", "site"],
  resources: [hosts],
  pages: [
    {
      id: "home",
      path: "/",
      namespace: "frame",
      icon: "home",
      nav: { section: "home", order: 0 },
      component: () => import("@/pages/Welcome"),
    },
  ],
};
