/** The plans that an add-on can be had with. */
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import type { TabProps } from "@/manifest/types";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";

export default function PlansTab({ resource }: TabProps) {
  const { t } = useTranslation("offer_designer");
  const { plans } = resource as unknown as AdminSchemas["AddOnDetailView"];
  return (
    <>
      <p>{t(plans.length === 0 ? "no_plans" : "linked_plans")}</p>
      <ul aria-label={t("linked_plans")}>
        {plans.map((plan) => (
          <li key={plan.plan_id}>
            <FluentButtonLink to={`/plans/${plan.plan_id}`}>{plan.name}</FluentButtonLink>
          </li>
        ))}
      </ul>
    </>
  );
}
