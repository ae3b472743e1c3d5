/** What a subscription used, on its page. */
import type { TabProps } from "@/manifest/types";
import { Consumption } from "./Consumption";

export default function ConsumptionTab({ resource }: TabProps) {
  return <Consumption path={`/subscriptions/${resource.id}/usage-summary`} groups={["meter", "resource"]} />;
}
