/** A statement as one reads it: its lines, and what they come to. */
import {
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { moneyText } from "@/pages/offers/fees";
import { monthText } from "./costs";

type Statement = TenantSchemas["StatementView"];

const useStyles = makeStyles({
  scroll: { overflowX: "auto", marginBottom: "24px" },
  table: { minWidth: "640px" },
  end: { justifyContent: "flex-end" },
  amount: { textAlign: "right", fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" },
  total: { fontWeight: tokens.fontWeightSemibold },
});

export function StatementLines({ statement }: { statement: Statement }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const language = i18n.language;
  const title = `${statement.number ?? t("statements.draft")} · ${monthText(statement.month, language)}`;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
  const money = (amount: string) => moneyText(amount, statement.currency, language);
  const stateOf = (state: string | null) =>
    state === null || state === "" ? "" : ` (${t(`consumption:states.${state}`, { defaultValue: state })})`;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={title}>
      <Table size="small" className={styles.table} aria-label={title}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{t("statements.kind")}</TableHeaderCell>
            <TableHeaderCell>{t("statements.what")}</TableHeaderCell>
            {["quantity", "unit_price", "amount"].map((column) => (
              <TableHeaderCell key={column} button={{ className: styles.end }}>
                {t(`statements.${column}`)}
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {statement.lines.map((line, place) => (
            <TableRow key={place}>
              <TableCell>{t(`statements.kinds.${line.kind}`)}</TableCell>
              <TableCell>
                {line.title}
                {stateOf(line.state)}
                {line.month === statement.month ? "" : ` · ${monthText(line.month, language)}`}
              </TableCell>
              <TableCell className={styles.amount}>
                {line.quantity === null ? "–" : number.format(Number(line.quantity))}
              </TableCell>
              <TableCell className={styles.amount}>
                {line.unit_price === null ? "–" : money(line.unit_price)}
                {line.unit_price === null || line.unit === null
                  ? ""
                  : ` / ${t(`consumption:unit.${line.unit}`, { defaultValue: line.unit })}`}
              </TableCell>
              <TableCell className={styles.amount}>{money(line.amount)}</TableCell>
            </TableRow>
          ))}
          <TableRow>
            <TableCell className={styles.total}>{t("statements.total")}</TableCell>
            <TableCell />
            <TableCell />
            <TableCell />
            <TableCell className={`${styles.amount} ${styles.total}`}>{money(statement.total)}</TableCell>
          </TableRow>
        </TableBody>
      </Table>
    </div>
  );
}
