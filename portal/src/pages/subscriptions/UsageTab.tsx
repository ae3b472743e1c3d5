/** How much of its plan a subscription uses. */
import { useQuery } from "@tanstack/react-query";

import { adminApi } from "@/api/clients";
import { keys } from "@/api/keys";
import type { TabProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { UsageBars } from "./UsageBars";

export default function UsageTab({ resource }: TabProps) {
  const usage = useQuery({
    queryKey: keys.usage(resource.id),
    queryFn: async ({ signal }) => {
      const path = { subscription_id: resource.id };
      return (
        (await adminApi.GET("/subscriptions/{subscription_id}/usage", { params: { path }, signal })).data?.value ?? []
      );
    },
  });
  if (usage.error !== null) return <ProblemMessage error={usage.error} onRetry={() => void usage.refetch()} />;
  return <UsageBars usage={usage.data ?? []} />;
}
