/** What the cards of the designer share: their looks, and how they say what is wrong. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { Fault, OfferDraft } from "./draft";

export const useCardStyles = makeStyles({
  card: { gap: "12px", padding: "20px", minWidth: 0 },
  fields: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(220px, 100%), 1fr))",
    gap: "12px 20px",
    alignItems: "start",
  },
  number: { width: "110px" },
  note: { color: tokens.colorNeutralForeground3 },
  buttons: { display: "flex", gap: "8px", flexWrap: "wrap" },
});

export interface CardProps {
  draft: OfferDraft;
  /** What is shown as wrong. */
  faults: readonly Fault[];
  change: (part: Partial<OfferDraft>) => void;
}

/** Return what gives a field the sentence of its fault, if it has one. */
export function useFaultOf(faults: readonly Fault[]) {
  const { t } = useTranslation("offer_designer");
  return (at: string) => {
    const fault = faults.find((one) => one.at === at);
    if (fault === undefined) return {};
    return { validationState: "error" as const, validationMessage: t(fault.reason, { ...fault.values }) };
  };
}

export type FaultOf = ReturnType<typeof useFaultOf>;
