/** How much of a budget is used and expected, as bars that also say it in words; its thresholds, and what it told. */
import {
  makeStyles,
  ProgressBar,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import type { TabProps } from "@/manifest/types";
import { formatInstant } from "@/manifest/values";
import { monthText } from "@/pages/money/costs";
import { moneyText } from "@/pages/offers/fees";
import { ProblemMessage } from "@/shell/ProblemMessage";

type Budget = TenantSchemas["BudgetView"];
type Alert = TenantSchemas["BudgetAlertView"];

const NEARLY = 80;

const useStyles = makeStyles({
  bars: { display: "flex", flexDirection: "column", gap: "16px", maxWidth: "560px", marginBottom: "24px" },
  line: { display: "flex", justifyContent: "space-between", gap: "8px", marginBottom: "6px" },
  amount: { whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" },
  heading: { fontSize: tokens.fontSizeBase400 },
  address: { overflowWrap: "anywhere" },
  scroll: { overflowX: "auto" },
  table: { minWidth: "560px" },
});

export default function SpendingTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("budgets");
  const budget = resource as unknown as Budget;
  const path = `/subscriptions/${budget.subscription_id}/budgets/${budget.id}/alerts`;
  const alerts = useQuery({
    queryKey: keys.facet("budget", budget.id, "alerts"),
    queryFn: async ({ signal }) => (await call<Page<Alert>>("GET", path, { signal })).body.value,
  });
  const money = (amount: string) => moneyText(amount, budget.currency, i18n.language);
  return (
    <>
      {budget.month === null ? null : <h2 className={styles.heading}>{monthText(budget.month, i18n.language)}</h2>}
      <div className={styles.bars}>
        <Bar title={t("fields.actual")} spent={money(budget.actual)} percent={budget.actual_percent} budget={budget} />
        <Bar
          title={t("fields.forecast")}
          spent={money(budget.forecast)}
          percent={budget.forecast_percent}
          budget={budget}
        />
      </div>
      <h2 className={styles.heading}>{t("inputs.thresholds.title")}</h2>
      <ul>
        {budget.thresholds.map((one) => (
          <li key={`${one.basis} ${one.percent}`}>
            {t(one.suspend ? "thresholds.line_suspend" : "thresholds.line", {
              percent: one.percent,
              basis: t(`values.basis.${one.basis}`),
            })}
          </li>
        ))}
      </ul>
      <h2 className={styles.heading}>{t("inputs.recipients.title")}</h2>
      {budget.recipients.length === 0 ? <p>{t("recipients.none")}</p> : null}
      <ul>
        {budget.recipients.map((one) => (
          <li key={one.email} className={styles.address}>
            {one.verified ? one.email : t("recipients.unverified", { email: one.email })}
          </li>
        ))}
      </ul>
      <h2 className={styles.heading}>{t("alerts.title")}</h2>
      <ProblemMessage error={alerts.error} onRetry={() => void alerts.refetch()} />
      {alerts.data?.length === 0 ? <p>{t("alerts.none")}</p> : null}
      {alerts.data === undefined || alerts.data.length === 0 ? null : <Alerts alerts={alerts.data} />}
    </>
  );
}

interface BarProps {
  title: string;
  spent: string;
  percent: number;
  budget: Budget;
}

function Bar({ title, spent, percent, budget }: BarProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("budgets");
  const amount = moneyText(budget.amount, budget.currency, i18n.language);
  const text = t("of", { spent, amount, percent });
  return (
    <div>
      <div className={styles.line}>
        <span>{title}</span>
        <span className={styles.amount}>{text}</span>
      </div>
      <ProgressBar
        aria-label={`${title}: ${text}`}
        value={Math.min(1, percent / 100)}
        thickness="large"
        color={percent >= 100 ? "error" : percent >= NEARLY ? "warning" : "brand"}
      />
    </div>
  );
}

function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("budgets");
  const columns = ["occurred_at", "month", "percent", "basis", "cost", "suspended"];
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("alerts.title")}>
      <Table size="small" className={styles.table} aria-label={t("alerts.title")}>
        <TableHeader>
          <TableRow>
            {columns.map((column) => (
              <TableHeaderCell key={column}>{t(`alerts.${column}`)}</TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {alerts.map((alert) => (
            <TableRow key={alert.id}>
              <TableCell>{formatInstant(alert.occurred_at, i18n.language)}</TableCell>
              <TableCell>{monthText(alert.month, i18n.language)}</TableCell>
              <TableCell>{`${alert.percent} %`}</TableCell>
              <TableCell>{t(`values.basis.${alert.basis}`)}</TableCell>
              <TableCell>{moneyText(alert.cost, alert.currency, i18n.language)}</TableCell>
              <TableCell>{alert.suspended ? t("alerts.yes") : "–"}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}
