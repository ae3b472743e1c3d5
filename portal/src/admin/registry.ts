/** The admin portal: one line per resource and page. */
import type { PortalDefinition } from "@/manifest/portal";
import { accounts } from "@/resources/accounts";
import { addOns } from "@/resources/add-ons";
import { adminSubscriptions } from "@/resources/admin-subscriptions";
import { adminVirtualMachines } from "@/resources/admin-virtual-machines";
import { apiTokens } from "@/resources/api-tokens";
import { clientCertificates } from "@/resources/client-certificates";
import { adminChangeRequests, approvalRules } from "@/resources/approvals";
import { approvalAsks, approvalPrograms } from "@/resources/approval-programs";
import { resourceProviders } from "@/resources/resource-providers";
import { adminAuditRecords } from "@/resources/audit-records";
import { siteBudgets } from "@/resources/budgets";
import { clouds } from "@/resources/clouds";
import { credits } from "@/resources/credits";
import { discounts } from "@/resources/discounts";
import { hosts } from "@/resources/hosts";
import { identityProviders } from "@/resources/identity-providers";
import { images } from "@/resources/images";
import { logicalNetworks } from "@/resources/logical-networks";
import { siteOperations } from "@/resources/operations";
import { plans } from "@/resources/plans";
import { rateCards } from "@/resources/rate-cards";
import { siteServiceAccounts } from "@/resources/service-accounts";
import { sessions } from "@/resources/sessions";
import { siteRoles } from "@/resources/site-roles";
import { sizes } from "@/resources/sizes";
import { stamps } from "@/resources/stamps";
import { statementRuns, statements } from "@/resources/statements";
import { unmanagedGuests } from "@/resources/unmanaged-guests";
import { siteWebhookDeliveries, siteWebhooks } from "@/resources/webhooks";

export const adminPortal: PortalDefinition = {
  face: "admin",
  sections: ["home", "business", "fabric", "site", "account"],
  resources: [
    plans,
    addOns,
    sizes,
    adminSubscriptions,
    accounts,
    siteRoles,
    rateCards,
    discounts,
    credits,
    siteBudgets,
    statements,
    statementRuns,
    stamps,
    hosts,
    adminVirtualMachines,
    clouds,
    logicalNetworks,
    images,
    unmanagedGuests,
    adminChangeRequests,
    approvalRules,
    approvalPrograms,
    approvalAsks,
    resourceProviders,
    siteOperations,
    adminAuditRecords,
    apiTokens,
    clientCertificates,
    sessions,
    siteWebhooks,
    siteWebhookDeliveries,
    identityProviders,
    siteServiceAccounts,
  ],
  pages: [
    {
      id: "new-webhook",
      path: "/webhooks/new",
      namespace: "webhooks",
      icon: "link",
      component: () => import("@/pages/webhooks/NewWebhookPage"),
    },
    {
      id: "new-approval-program",
      path: "/approval-programs/new",
      namespace: "approval_programs",
      icon: "link",
      component: () => import("@/pages/approvals/NewProgramPage"),
    },
    {
      id: "register-provider",
      path: "/resource-providers/new",
      namespace: "resource_providers",
      icon: "box",
      component: () => import("@/pages/providers/RegisterPage"),
    },
    {
      id: "overview",
      path: "/",
      namespace: "overview",
      icon: "gauge",
      nav: { section: "home", order: 0, permission: "fabric.read" },
      component: () => import("@/pages/overview/Overview"),
    },
    {
      id: "plan-designer",
      path: "/plans/new",
      namespace: "plans",
      icon: "plan",
      component: () => import("@/pages/plans/PlanDesigner"),
    },
    {
      id: "plan-editor",
      path: "/plans/$planId/change",
      namespace: "plans",
      icon: "plan",
      component: () => import("@/pages/plans/PlanEditor"),
    },
    {
      id: "add-on-designer",
      path: "/add-ons/new",
      namespace: "add_ons",
      icon: "addOn",
      component: () => import("@/pages/plans/AddOnDesigner"),
    },
    {
      id: "add-on-editor",
      path: "/add-ons/$addOnId/change",
      namespace: "add_ons",
      icon: "addOn",
      component: () => import("@/pages/plans/AddOnEditor"),
    },
    {
      id: "consumption",
      path: "/usage",
      namespace: "consumption",
      icon: "gauge",
      nav: { section: "business", order: 40, permission: "usage.read_all" },
      component: () => import("@/pages/consumption/SiteConsumption"),
    },
    {
      id: "cost-overview",
      path: "/cost-overview",
      namespace: "money",
      icon: "money",
      nav: { section: "business", order: 42, permission: "statement.read_all" },
      component: () => import("@/pages/money/CostOverviewPage"),
    },
    {
      id: "focus",
      path: "/focus",
      namespace: "money",
      icon: "document",
      nav: { section: "business", order: 60, permission: "statement.admin" },
      component: () => import("@/pages/money/FocusPage"),
    },
    {
      id: "providers",
      path: "/providers",
      namespace: "providers",
      icon: "box",
      nav: { section: "site", order: 20, permission: "plan.read_all" },
      component: () => import("@/pages/providers/Providers"),
    },
    {
      id: "settings",
      path: "/settings",
      namespace: "site_settings",
      icon: "settings",
      nav: { section: "site", order: 90, permission: "fabric.read" },
      component: () => import("@/pages/site/Settings"),
    },
    {
      id: "storage",
      path: "/storage",
      namespace: "storage",
      icon: "disk",
      nav: { section: "fabric", order: 45, permission: "fabric.read" },
      component: () => import("@/pages/site/Storage"),
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
