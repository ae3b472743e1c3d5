/** What a subscription costs, as a page of its own. */
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { usePageTitle } from "@/shell/pageTitle";
import { Costs } from "./Costs";

export default function CostsPage() {
  const { t } = useTranslation(["money", "consumption"]);
  const { subscriptionId = "" }: { subscriptionId?: string } = useParams({ strict: false });
  usePageTitle(t("costs.title"));
  return (
    <>
      <h1>{t("costs.title")}</h1>
      <Costs key={subscriptionId} subscriptionId={subscriptionId} />
    </>
  );
}
