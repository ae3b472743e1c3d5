/** A new add-on. */
import { OfferDesigner } from "./OfferDesigner";

export default function AddOnDesigner() {
  return <OfferDesigner kind="add_on" offer={null} />;
}
