/** A plan that is being changed, in use or not. */
import { useParams } from "@tanstack/react-router";

import { plans } from "@/resources/plans";
import { useResource } from "@/manifest/useResources";
import { ProblemMessage } from "@/shell/ProblemMessage";
import type { Plan } from "./draft";
import { OfferDesigner } from "./OfferDesigner";

export default function PlanEditor() {
  const { planId = "" }: { planId?: string } = useParams({ strict: false });
  const plan = useResource(plans, planId, {});
  if (plan.data === undefined) return <ProblemMessage error={plan.error} onRetry={() => void plan.refetch()} />;
  return <OfferDesigner key={planId} kind="plan" offer={plan.data as unknown as Plan} />;
}
