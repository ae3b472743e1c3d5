/** What a subscription costs, on its page. */
import type { TabProps } from "@/manifest/types";
import { Costs } from "./Costs";

export default function CostsTab({ resource }: TabProps) {
  return <Costs subscriptionId={resource.id} />;
}
