/** Prices over time, and tiers that are being filled in. */
import type { AdminSchemas } from "@/api/clients";

export type Rate = AdminSchemas["RateView"];
export type Phase = "now" | "coming" | "past";

/** Tell of each price whether it counts now: of those of a meter and state that have begun, the last one does. */
export function phasesOf(rates: readonly Rate[], now: number): { rate: Rate; phase: Phase }[] {
  const latest = new Map<string, number>();
  for (const rate of rates) {
    const began = Date.parse(rate.effective_from);
    const key = `${rate.meter} ${rate.state}`;
    if (began <= now) latest.set(key, Math.max(began, latest.get(key) ?? -Infinity));
  }
  return rates.map((rate) => {
    const began = Date.parse(rate.effective_from);
    if (began > now) return { rate, phase: "coming" };
    return { rate, phase: latest.get(`${rate.meter} ${rate.state}`) === began ? "now" : "past" };
  });
}

export interface TierDraft {
  /** As typed; empty in the last: without end. */
  upTo: string;
  price: string;
}

const AMOUNT = /^\d{1,10}(\.\d{1,9})?$/;

/** Key of the sentence that says what is wrong with the tiers; null when nothing is. */
export function tiersFault(tiers: readonly TierDraft[]): string | null {
  if (tiers.some((tier) => !AMOUNT.test(tier.price))) return "needs_price";
  let before = 0;
  for (const [place, tier] of tiers.entries()) {
    const last = place === tiers.length - 1;
    if (last) return tier.upTo === "" ? null : "last_open";
    if (!AMOUNT.test(tier.upTo) || Number(tier.upTo) <= before) return "needs_order";
    before = Number(tier.upTo);
  }
  return null;
}

/** The tiers as the API takes them. Only for tiers without a fault. */
export function tiersBody(tiers: readonly TierDraft[]): AdminSchemas["TierBody"][] {
  return tiers.map((tier) => ({ price: tier.price, ...(tier.upTo === "" ? {} : { up_to: tier.upTo }) }));
}

/** The tiers of a price as somebody would have typed them. */
export function tierDrafts(rate: Rate | null): TierDraft[] {
  if (rate === null) return [{ upTo: "", price: "" }];
  return rate.tiers.map((tier) => ({ upTo: tier.up_to ?? "", price: tier.price }));
}
