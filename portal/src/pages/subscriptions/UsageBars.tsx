/** What is used of each quota, as bars that also say it in words. */
import { makeStyles, ProgressBar, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { useDimensionTitle } from "@/manifest/dimensionTitle";
import { amountText } from "@/pages/plans/amounts";

export interface Usage {
  dimension: string;
  title: string;
  unit: string;
  used: number;
  /** Null: unlimited. */
  limit: number | null;
  /** What of it the plan alone allows; null: unlimited. */
  plan_limit: number | null;
  /** What add-ons add to that; null: they make it unlimited. */
  add_on_limit: number | null;
}

const useStyles = makeStyles({
  list: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(240px, 100%), 1fr))",
    gap: "16px 24px",
    listStyle: "none",
    margin: 0,
    padding: 0,
  },
  line: { display: "flex", justifyContent: "space-between", gap: "8px", marginBottom: "6px" },
  parts: { marginTop: "4px", color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  amount: { color: tokens.colorNeutralForeground2, whiteSpace: "nowrap" },
});

const NEARLY_FULL = 0.8;

export function UsageBars({ usage }: { usage: readonly Usage[] }) {
  const titleOf = useDimensionTitle();
  const styles = useStyles();
  const { t, i18n } = useTranslation("subscriptions");
  return (
    <ul className={styles.list} aria-label={t("usage.caption")}>
      {usage.map((one) => {
        const used = amountText(one.used, one.unit, i18n.language);
        const limit = one.limit === null ? t("usage.unlimited") : amountText(one.limit, one.unit, i18n.language);
        const share = one.limit === null || one.limit === 0 ? 0 : Math.min(1, one.used / one.limit);
        const full = one.limit !== null && one.used >= one.limit;
        return (
          <li key={one.dimension}>
            <div className={styles.line}>
              <span>{titleOf(one.dimension, one.title)}</span>
              <span className={styles.amount}>
                {used} / {limit}
              </span>
            </div>
            <ProgressBar
              aria-label={`${titleOf(one.dimension, one.title)}: ${used} / ${limit}`}
              value={share}
              thickness="large"
              color={full ? "error" : share >= NEARLY_FULL ? "warning" : "brand"}
            />
            <Parts usage={one} />
          </li>
        );
      })}
    </ul>
  );
}

/** Where a limit comes from, where add-ons have a part in it. */
function Parts({ usage }: { usage: Usage }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("subscriptions");
  const { plan_limit: plan, add_on_limit: added, unit } = usage;
  if (added === 0) return null;
  const text = (amount: number | null) =>
    amount === null ? t("usage.unlimited") : amountText(amount, unit, i18n.language);
  const more = added === null ? text(added) : `+${text(added)}`;
  return <div className={styles.parts}>{t("usage.parts", { plan: text(plan), added: more })}</div>;
}
