/** What tenants will see of an offer that is being designed, or that is there. */
import type { Face } from "@/pages/offers/OfferFace";
import { textFor, type OfferDraft, type OfferKind, type Plan, type Provider } from "./draft";

/** What is known of add-ons beside their ids. */
export type LinkedAddOns = ReadonlyMap<string, Plan["add_ons"][number]>;

/** The face of a draft for readers of a language; their own name and description serve where there are no texts. */
export function faceOfDraft(
  kind: OfferKind,
  draft: OfferDraft,
  providers: readonly Provider[],
  language: string,
  byInvitation: boolean,
  addOns: LinkedAddOns,
): Face {
  const text = textFor(draft.texts, language);
  const offered = providers.filter((provider) => draft.services[provider.name]?.offered === true);
  return {
    name: text?.displayName ?? draft.name,
    description: text?.description ?? draft.description,
    price: text?.price ?? "",
    fee: feeOf(draft),
    byInvitation,
    perAccount: draft.perAccount === "" || kind === "add_on" ? null : Number(draft.perAccount),
    adds: kind === "add_on",
    services: offered.map((provider) => ({
      provider: provider.name,
      title: provider.title,
      limits: provider.dimensions.flatMap((dimension) => {
        const typed = draft.services[provider.name]?.quota[dimension.name];
        if (typed === undefined || typed === "") return [];
        const limit = typed === null ? null : Number(typed);
        return [{ dimension: dimension.name, title: dimension.title, unit: dimension.unit, limit }];
      }),
    })),
    addOns: draft.links.flatMap((link) => {
      const addOn = addOns.get(link.addOnId);
      // Tenants are shown those that are on offer themselves.
      if (addOn?.state !== "public") return [];
      const { display, fee } = addOn;
      const maximum = link.maximum === "" ? null : Number(link.maximum);
      return [{ id: link.addOnId, name: display.name, price: display.price, fee, maximum }];
    }),
  };
}

function feeOf(draft: OfferDraft): Face["fee"] {
  const { amount, currency, period } = draft;
  const whole = /^\d+(\.\d+)?$/.test(amount) && /^[A-Z]{3}$/.test(currency);
  return whole ? { amount, currency, period } : null;
}
