/** The sections of the rail that a subscription's services at programs have: one for each program. */
import { useTranslation } from "react-i18next";

import { usePermissions } from "@/session/session";
import type { NavigationSection } from "@/shell/navigation";
import { labelIn } from "./labels";
import { useServices } from "./useServices";

/** What is beyond these is found under "More services", as is everything. */
const PROGRAMS = 4;
const COLLECTIONS_EACH = 4;

export function useServiceSections(subscriptionId: string | null): readonly NavigationSection[] {
  const { i18n } = useTranslation();
  const may = usePermissions()("provider_resource.read");
  const services = useServices(subscriptionId ?? "", may && subscriptionId !== null);
  if (!may || subscriptionId === null) return [];
  return (services.data ?? [])
    .filter((service) => service.collections.length > 0)
    .slice(0, PROGRAMS)
    .map((service) => ({
      id: `service-${service.name}`,
      title: labelIn(service.title, i18n.language),
      entries: service.collections.slice(0, COLLECTIONS_EACH).map((collection) => ({
        to: `/subscriptions/${subscriptionId}/services/${service.name}/${collection.name}`,
        title: labelIn(collection.title, i18n.language),
        icon: "box" as const,
      })),
    }));
}
