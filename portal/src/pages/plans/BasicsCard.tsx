/** An offer's own name, and what is due for it. */
import { Card, Field, Input, Select, Subtitle2, Textarea } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { useCardStyles, useFaultOf, type CardProps } from "./designerParts";
import { PERIODS, type FeePeriod } from "./draft";

export function BasicsCard({ draft, faults, change }: CardProps) {
  const styles = useCardStyles();
  const { t } = useTranslation("offer_designer");
  const faultOf = useFaultOf(faults);
  return (
    <Card className={styles.card} role="group" aria-label={t("basics")}>
      <Subtitle2 as="h2">{t("basics")}</Subtitle2>
      <Field label={t("name")} hint={t("name_help")} required {...faultOf("name")}>
        <Input value={draft.name} maxLength={100} onChange={(_, data) => change({ name: data.value })} />
      </Field>
      <Field label={t("description")} hint={t("description_help")}>
        <Textarea
          value={draft.description}
          maxLength={1000}
          onChange={(_, data) => change({ description: data.value })}
        />
      </Field>
    </Card>
  );
}

export function FeeCard({ draft, faults, change }: CardProps) {
  const styles = useCardStyles();
  const { t } = useTranslation("offer_designer");
  const faultOf = useFaultOf(faults);
  return (
    <Card className={styles.card} role="group" aria-label={t("fee")}>
      <Subtitle2 as="h2">{t("fee")}</Subtitle2>
      <div className={styles.note}>{t("fee_help")}</div>
      <div className={styles.fields}>
        <Field label={t("amount")} hint={t("amount_help")} {...faultOf("amount")}>
          <Input
            inputMode="decimal"
            value={draft.amount}
            onChange={(_, data) => change({ amount: data.value.trim().replace(",", ".") })}
          />
        </Field>
        <Field label={t("currency")} hint={t("currency_help")} {...faultOf("currency")}>
          <Input
            value={draft.currency}
            maxLength={3}
            onChange={(_, data) => change({ currency: data.value.trim().toUpperCase() })}
          />
        </Field>
        <Field label={t("period")}>
          <Select value={draft.period} onChange={(_, data) => change({ period: data.value as FeePeriod })}>
            {PERIODS.map((period) => (
              <option key={period} value={period}>
                {t(`periods.${period}`)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
    </Card>
  );
}
