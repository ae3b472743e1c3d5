/** A graduated price in words: the first 100 hours at so much each, then at so much. */
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { moneyText } from "@/pages/offers/fees";

export interface TiersProps {
  tiers: readonly TenantSchemas["TierView"][];
  currency: string;
  unit: string;
}

export function Tiers({ tiers, currency, unit }: TiersProps) {
  const { t, i18n } = useTranslation(["money", "consumption"]);
  if (tiers.length === 0) return t("prices.free");
  const word = t(`consumption:unit.${unit}`, { defaultValue: unit });
  const many = t(`consumption:units.${unit}`, { defaultValue: unit });
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 3 });
  return tiers.map((tier, place) => (
    <div key={tier.up_to ?? "rest"}>
      {t("prices.each", { price: moneyText(tier.price, currency, i18n.language), unit: word })}
      {tier.up_to === null
        ? place === 0
          ? ""
          : ` ${t("prices.beyond")}`
        : ` ${t("prices.up_to", { amount: number.format(Number(tier.up_to)), unit: many })}`}
    </div>
  ));
}
