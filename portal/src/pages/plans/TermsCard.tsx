/** On what terms a plan is subscribed to: how often, by whom, and what suspending and deleting mean. */
import { Button, Card, Field, Input, Select, Subtitle2 } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { newCode } from "./codes";
import { useCardStyles, useFaultOf, type CardProps } from "./designerParts";
import { POLICIES, type Policy } from "./draft";

export interface TermsCardProps extends CardProps {
  /** Whether the plan is being made: the code of one that exists is renewed on its own page. */
  making: boolean;
}

export function TermsCard({ draft, faults, change, making }: TermsCardProps) {
  const styles = useCardStyles();
  const { t } = useTranslation("offer_designer");
  const faultOf = useFaultOf(faults);
  return (
    <Card className={styles.card} role="group" aria-label={t("terms")}>
      <Subtitle2 as="h2">{t("terms")}</Subtitle2>
      <div className={styles.fields}>
        <Field label={t("per_account")} hint={t("per_account_help")} {...faultOf("perAccount")}>
          <Input
            className={styles.number}
            inputMode="numeric"
            value={draft.perAccount}
            onChange={(_, data) => change({ perAccount: data.value.trim() })}
          />
        </Field>
        <Field label={t("suspend_policy")} hint={t("suspend_policy_help")}>
          <Select value={draft.suspendPolicy} onChange={(_, data) => change({ suspendPolicy: data.value as Policy })}>
            {POLICIES.map((policy) => (
              <option key={policy} value={policy}>
                {t(`policies.${policy}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("grace_days")} hint={t("grace_days_help")} {...faultOf("graceDays")}>
          <Input
            className={styles.number}
            inputMode="numeric"
            value={draft.graceDays}
            onChange={(_, data) => change({ graceDays: data.value.trim() })}
          />
        </Field>
        {making ? (
          <Field label={t("code")} hint={t("code_help")} {...faultOf("code")}>
            <Input
              value={draft.code}
              maxLength={100}
              autoComplete="off"
              spellCheck={false}
              contentAfter={
                <Button size="small" appearance="transparent" onClick={() => change({ code: newCode() })}>
                  {t("make_code")}
                </Button>
              }
              onChange={(_, data) => change({ code: data.value })}
            />
          </Field>
        ) : null}
      </div>
    </Card>
  );
}
