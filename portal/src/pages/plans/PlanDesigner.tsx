/** A new plan. */
import { OfferDesigner } from "./OfferDesigner";

export default function PlanDesigner() {
  return <OfferDesigner kind="plan" offer={null} />;
}
