/** All networks of a subscription in one picture. */
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { usePageTitle } from "@/shell/pageTitle";
import { TopologyView } from "./TopologyView";

export default function Topology() {
  const { t } = useTranslation("vm_networks");
  const { subscriptionId = "" }: { subscriptionId?: string } = useParams({ strict: false });
  usePageTitle(t("topology.page"));
  return (
    <>
      <h1>{t("topology.page")}</h1>
      <TopologyView subscriptionId={subscriptionId} networkId={null} />
    </>
  );
}
