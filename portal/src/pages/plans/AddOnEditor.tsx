/** An add-on that is being changed, held or not. */
import { useParams } from "@tanstack/react-router";

import { addOns } from "@/resources/add-ons";
import { useResource } from "@/manifest/useResources";
import { ProblemMessage } from "@/shell/ProblemMessage";
import type { AddOn } from "./draft";
import { OfferDesigner } from "./OfferDesigner";

export default function AddOnEditor() {
  const { addOnId = "" }: { addOnId?: string } = useParams({ strict: false });
  const addOn = useResource(addOns, addOnId, {});
  if (addOn.data === undefined) return <ProblemMessage error={addOn.error} onRetry={() => void addOn.refetch()} />;
  return <OfferDesigner key={addOnId} kind="add_on" offer={addOn.data as unknown as AddOn} />;
}
