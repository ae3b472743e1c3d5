/** A plan or an add-on as tenants see it where they choose one; its designer sees the same as a preview. */
import { Badge, Card, makeStyles, Title3, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { useDimensionTitle } from "@/manifest/dimensionTitle";
import { amountText } from "@/pages/plans/amounts";
import { feeText } from "./fees";

type Plan = TenantSchemas["PlanView"];
type Fee = TenantSchemas["FeeView"];

export interface FaceLimit {
  dimension: string;
  title: string;
  unit: string;
  /** Null: unlimited. */
  limit: number | null;
}

export interface Face {
  name: string;
  description: string;
  /** In words; where there are none, the fee stands in for them. */
  price: string;
  fee: Fee | null;
  byInvitation: boolean;
  /** Null: any number. */
  perAccount: number | null;
  services: readonly { provider: string; title: string; limits: readonly FaceLimit[] }[];
  addOns: readonly { id: string; name: string; price: string; fee: Fee | null; maximum: number | null }[];
  /** Whether limits come on top of a plan's, as an add-on's do. */
  adds?: boolean;
}

const useStyles = makeStyles({
  card: { gap: "12px", padding: "20px", minWidth: 0 },
  name: { overflowWrap: "anywhere" },
  quiet: { color: tokens.colorNeutralForeground2, overflowWrap: "anywhere" },
  price: { fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere" },
  grow: { flexGrow: 1, display: "flex", flexDirection: "column", gap: "8px" },
  list: { margin: 0, paddingLeft: "18px", lineHeight: tokens.lineHeightBase400 },
});

/** What a plan on offer looks like. */
export function faceOf(plan: Plan): Face {
  return {
    name: plan.display.name,
    description: plan.display.description,
    price: plan.display.price,
    fee: plan.fee,
    byInvitation: plan.needs_invitation_code,
    perAccount: plan.subscriptions_per_account,
    services: plan.services,
    addOns: plan.add_ons.map((one) => ({
      id: one.add_on_id,
      name: one.display.name,
      price: one.display.price,
      fee: one.fee,
      maximum: one.maximum,
    })),
  };
}

/** Return what writes a price: in the provider's words, or as the fee that is due; empty when nothing is said. */
export function usePriceText() {
  const { t, i18n } = useTranslation("offers");
  return ({ price, fee }: { price: string; fee: Fee | null }) =>
    price !== "" || fee === null ? price : feeText(fee, t(`periods.${fee.period}`), i18n.language);
}

export function useLimitText() {
  const { t, i18n } = useTranslation("offers");
  return ({ limit, unit }: Pick<FaceLimit, "limit" | "unit">, adds = false) => {
    if (limit === null) return t("no_limit");
    const amount = amountText(limit, unit, i18n.language);
    return adds ? `+${amount}` : t("up_to", { amount });
  };
}

export interface OfferFaceProps {
  face: Face;
  /** Level of the name's heading. */
  level?: "h2" | "h3";
  /** What can be done with it. */
  children?: ReactNode;
}

export function OfferFace({ face, level = "h2", children }: OfferFaceProps) {
  const styles = useStyles();
  const { t } = useTranslation("offers");
  const titleOf = useDimensionTitle();
  const priceText = usePriceText();
  const limitText = useLimitText();
  const price = priceText(face);
  return (
    <Card className={styles.card} role="group" aria-label={face.name}>
      <Title3 as={level} className={styles.name}>
        {face.name}
      </Title3>
      {face.description === "" ? null : <div className={styles.quiet}>{face.description}</div>}
      {price === "" ? null : <div className={styles.price}>{price}</div>}
      {face.byInvitation ? <div>{t("by_invitation")}</div> : null}
      <div className={styles.grow}>
        {face.services.map((service) => (
          <div key={service.provider}>
            <Badge appearance="tint">{t(`services.${service.provider}`, { defaultValue: service.title })}</Badge>
            <ul className={styles.list}>
              {service.limits.map((limit) => (
                <li key={limit.dimension}>
                  {titleOf(limit.dimension, limit.title)}: {limitText(limit, face.adds)}
                </li>
              ))}
            </ul>
          </div>
        ))}
        {face.addOns.length === 0 ? null : (
          <div>
            {t("add_ons")}
            <ul className={styles.list}>
              {face.addOns.map((addOn) => (
                <li key={addOn.id}>
                  {[
                    addOn.name,
                    priceText(addOn),
                    addOn.maximum === null ? t("any_number") : t("at_most", { count: addOn.maximum }),
                  ]
                    .filter((part) => part !== "")
                    .join(" · ")}
                </li>
              ))}
            </ul>
          </div>
        )}
        {face.perAccount === null ? null : (
          <div className={styles.quiet}>{t("per_account", { count: face.perAccount })}</div>
        )}
      </div>
      {children}
    </Card>
  );
}
