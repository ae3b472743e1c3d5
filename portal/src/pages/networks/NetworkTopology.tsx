/** One network in a picture, on its own page. */
import type { TabProps } from "@/manifest/types";
import { TopologyView } from "./TopologyView";

export default function NetworkTopology({ resource }: TabProps) {
  return <TopologyView subscriptionId={String(resource["subscription_id"])} networkId={resource.id} />;
}
