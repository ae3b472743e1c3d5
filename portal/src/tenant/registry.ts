/** The tenant portal: one line per resource and page. */
import type { PortalDefinition } from "@/manifest/portal";
import { apiTokens } from "@/resources/api-tokens";
import { clientCertificates } from "@/resources/client-certificates";
import { changeRequests } from "@/resources/approvals";
import { auditRecords } from "@/resources/audit-records";
import { availabilitySets } from "@/resources/availability-sets";
import { budgets } from "@/resources/budgets";
import { disks } from "@/resources/disks";
import { invitations, members, subscriptionRoles } from "@/resources/members";
import { offeredPlans } from "@/resources/offered-plans";
import { operations } from "@/resources/operations";
import { ownImages } from "@/resources/own-images";
import { ports } from "@/resources/ports";
import { subscriptionServiceAccounts } from "@/resources/service-accounts";
import { sessions } from "@/resources/sessions";
import { sshKeys } from "@/resources/ssh-keys";
import { ownStatements } from "@/resources/statements";
import { subnets } from "@/resources/subnets";
import { subscriptions } from "@/resources/subscriptions";
import { virtualMachines } from "@/resources/virtual-machines";
import { vmNetworks } from "@/resources/vm-networks";
import { webhookDeliveries, webhooks } from "@/resources/webhooks";

import { useServiceSections } from "@/pages/services/useServiceSections";

export const tenantPortal: PortalDefinition = {
  face: "tenant",
  sections: ["home", "compute", "network", "library", "account"],
  useMoreSections: useServiceSections,
  resources: [
    virtualMachines,
    disks,
    availabilitySets,
    sshKeys,
    ownImages,
    vmNetworks,
    subnets,
    ports,
    subscriptions,
    offeredPlans,
    members,
    subscriptionRoles,
    invitations,
    changeRequests,
    operations,
    auditRecords,
    apiTokens,
    clientCertificates,
    ownStatements,
    sessions,
    budgets,
    subscriptionServiceAccounts,
    webhooks,
    webhookDeliveries,
  ],
  pages: [
    {
      id: "new-webhook",
      path: "/subscriptions/$subscriptionId/webhooks/new",
      namespace: "webhooks",
      icon: "link",
      component: () => import("@/pages/webhooks/NewWebhookPage"),
    },
    {
      id: "home",
      path: "/",
      namespace: "dashboard",
      icon: "home",
      nav: { section: "home", order: 0 },
      component: () => import("@/pages/home/Dashboard"),
    },
    {
      id: "offers",
      path: "/offers",
      namespace: "offers",
      icon: "plan",
      nav: { section: "home", order: 10, permission: "plan.read" },
      component: () => import("@/pages/offers/Offers"),
    },
    {
      id: "topology",
      path: "/subscriptions/$subscriptionId/topology",
      namespace: "vm_networks",
      icon: "network",
      nav: { section: "network", order: 20, permission: "network.read" },
      component: () => import("@/pages/networks/Topology"),
    },
    {
      id: "services",
      path: "/subscriptions/$subscriptionId/services",
      namespace: "services",
      icon: "box",
      nav: { section: "library", order: 50, permission: "provider_resource.read" },
      component: () => import("@/pages/services/Services"),
    },
    {
      id: "service-list",
      path: "/subscriptions/$subscriptionId/services/$provider/$collection",
      namespace: "services",
      icon: "box",
      component: () => import("@/pages/services/ServicePages").then((pages) => ({ default: pages.ServiceList })),
    },
    {
      id: "service-create",
      path: "/subscriptions/$subscriptionId/services/$provider/$collection/new",
      namespace: "services",
      icon: "box",
      component: () => import("@/pages/services/ServicePages").then((pages) => ({ default: pages.ServiceWizard })),
    },
    {
      id: "service-detail",
      path: "/subscriptions/$subscriptionId/services/$provider/$collection/$id",
      namespace: "services",
      icon: "box",
      component: () => import("@/pages/services/ServicePages").then((pages) => ({ default: pages.ServiceDetail })),
    },
    {
      id: "costs",
      path: "/subscriptions/$subscriptionId/costs",
      namespace: "money",
      icon: "money",
      nav: { section: "account", order: 15, permission: "cost.read" },
      component: () => import("@/pages/money/CostsPage"),
    },
    {
      id: "new-image",
      path: "/subscriptions/$subscriptionId/images/new",
      namespace: "images",
      icon: "image",
      component: () => import("@/pages/library/NewImagePage"),
    },
    {
      id: "account",
      path: "/account",
      namespace: "account",
      icon: "account",
      nav: { section: "account", order: 5, permission: "account.self" },
      component: () => import("@/pages/account/Account"),
    },
    {
      id: "new-token",
      path: "/api-tokens/new",
      namespace: "api_tokens",
      icon: "key",
      component: () => import("@/pages/account/NewTokenPage"),
    },
    {
      id: "new-certificate",
      path: "/client-certificates/new",
      namespace: "client_certificates",
      icon: "key",
      component: () => import("@/pages/account/NewCertificatePage"),
    },
  ],
};
