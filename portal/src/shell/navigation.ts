/** What the rail shows: the portal's resources and pages, in sections, for whoever may see them. */
import { useTranslation } from "react-i18next";

import { listAddress } from "@/manifest/addresses";
import { usePortal, type PageDefinition } from "@/manifest/portal";
import type { NavManifest, ResourceManifest } from "@/manifest/types";
import { usePermissions } from "@/session/session";
import { useCurrentSubscription } from "@/session/subscriptions";
import type { IconName } from "./icons";

export interface NavigationEntry {
  to: string;
  title: string;
  icon: IconName;
}

export interface NavigationSection {
  id: string;
  /** None for the first section, which needs none. */
  title: string | null;
  entries: NavigationEntry[];
}

export function useNavigation(): NavigationSection[] {
  const portal = usePortal();
  const may = usePermissions();
  const { subscription } = useCurrentSubscription();
  const { t } = useTranslation(["frame", ...[...portal.resources, ...portal.pages].map((one) => one.namespace)]);
  const { useMoreSections = useNoSections } = portal;
  const more = useMoreSections(subscription?.id ?? null);
  const withNav = [...portal.resources, ...portal.pages].filter(hasNav).filter((one) => may(one.nav.permission));
  const own = portal.sections
    .map((id) => ({
      id,
      title: id === "home" ? null : t(`nav.sections.${id}`),
      entries: withNav
        .filter((one) => one.nav.section === id)
        .sort((one, other) => one.nav.order - other.nav.order)
        .map((one) => ({ to: addressOf(one, subscription?.id ?? null), title: titleOf(one), icon: one.icon }))
        .filter((entry) => !entry.to.includes("/none")),
    }))
    .filter((section) => section.entries.length > 0);
  return [...own.slice(0, -1), ...more, ...own.slice(-1)];

  function titleOf(one: PageDefinition | ResourceManifest): string {
    return "slug" in one ? t(`${one.namespace}:title`) : t([`${one.namespace}:pages.${one.id}`, `pages.${one.id}`]);
  }
}

const NO_SECTIONS: readonly NavigationSection[] = [];

function useNoSections() {
  return NO_SECTIONS;
}

type Shown = (ResourceManifest | PageDefinition) & { nav: NavManifest };

function hasNav(one: ResourceManifest | PageDefinition): one is Shown {
  return one.nav !== undefined;
}

function addressOf(one: Shown, subscriptionId: string | null): string {
  if ("slug" in one) return listAddress(one, subscriptionId);
  return one.path.replace("$subscriptionId", subscriptionId ?? "none");
}

/**
 * The address of the entry that a page belongs to: the longest that its own begins with; null when none does.
 *
 * What lies more than one step below an entry is another's: `/subscriptions/…/disks` is not a page of `/subscriptions`.
 */
export function nearestEntry(sections: readonly NavigationSection[], pathname: string): string | null {
  const found = sections
    .flatMap((section) => section.entries.map((entry) => entry.to))
    .filter(
      (to) => pathname === to || (to !== "/" && /^\/[^/]+$/.test(pathname.slice(to.length)) && pathname.startsWith(to)),
    )
    .sort((one, other) => other.length - one.length);
  return found[0] ?? null;
}
