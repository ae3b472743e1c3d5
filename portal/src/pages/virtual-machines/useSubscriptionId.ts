/** The subscription that the page's address names. */
import { useParams } from "@tanstack/react-router";

export function useSubscriptionId(): string {
  const { subscriptionId }: { subscriptionId?: string } = useParams({ strict: false });
  if (subscriptionId === undefined) throw new Error("this page belongs to a subscription");
  return subscriptionId;
}
