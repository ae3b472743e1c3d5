/** The tenant portal: one line per resource and page. */
import type { PortalDefinition } from "@/manifest/portal";
import { availabilitySets } from "@/resources/availability-sets";
import { sshKeys } from "@/resources/ssh-keys";
import { virtualMachines } from "@/resources/virtual-machines";

export const tenantPortal: PortalDefinition = {
  face: "tenant",
  sections: ["home", "compute", "network", "library", "account"],
  resources: [virtualMachines, availabilitySets, sshKeys],
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
