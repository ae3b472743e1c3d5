/** What a month of a subscription costs: so far and as it is expected to be, day by day, and for what. */
import {
  Button,
  Field,
  Input,
  makeStyles,
  Select,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { call } from "@/api/transport";
import { download } from "@/manifest/export";
import { formatInstant } from "@/manifest/values";
import { TimeChart } from "@/pages/metrics/TimeChart";
import { moneyText } from "@/pages/offers/fees";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { byDay, costsCsv, GROUPS, months, monthText, type CostGroup, type CostLine, type Costs } from "./costs";

const DAY_MS = 86_400_000;
const REFRESH_MS = 180_000;

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", gap: "12px", alignItems: "end", marginBottom: "16px" },
  figures: { display: "flex", flexWrap: "wrap", gap: "16px 40px", margin: "0 0 16px" },
  figure: { display: "flex", flexDirection: "column-reverse", margin: 0 },
  number: {
    margin: 0,
    fontSize: tokens.fontSizeHero700,
    lineHeight: tokens.lineHeightHero700,
    fontWeight: tokens.fontWeightSemibold,
    fontVariantNumeric: "tabular-nums",
  },
  quiet: { color: tokens.colorNeutralForeground3 },
  card: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    padding: "12px",
    marginBottom: "16px",
  },
  heading: { margin: "0 0 8px", fontSize: tokens.fontSizeBase300 },
  scroll: { overflowX: "auto" },
  table: { minWidth: "640px" },
  end: { justifyContent: "flex-end" },
  amount: { textAlign: "right", fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" },
});

export function Costs({ subscriptionId }: { subscriptionId: string }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const [choices] = useState(() => months(new Date()));
  const [month, setMonth] = useState(choices[0] ?? "");
  const [group, setGroup] = useState<CostGroup>("meter");
  const [tag, setTag] = useState("");
  const whole = useCosts(subscriptionId, month, "total", group, tag.trim());
  const daily = useCosts(subscriptionId, month, "day", "meter", "");
  const data = whole.data;
  const running = month === choices[0];
  return (
    <section aria-label={t("costs.title")} aria-busy={whole.isFetching && data === undefined}>
      <div className={styles.bar}>
        <Field label={t("costs.month")}>
          <Select value={month} onChange={(_, chosen) => setMonth(chosen.value)}>
            {choices.map((one) => (
              <option key={one} value={one}>
                {monthText(one, i18n.language)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("costs.group")}>
          <Select value={group} onChange={(_, chosen) => setGroup(chosen.value as CostGroup)}>
            {GROUPS.map((one) => (
              <option key={one} value={one}>
                {t(`costs.groups.${one}`)}
              </option>
            ))}
          </Select>
        </Field>
        {group === "tag" ? (
          <Field label={t("costs.tag")}>
            <Input value={tag} maxLength={100} onChange={(_, typed) => setTag(typed.value)} />
          </Field>
        ) : null}
        <Button
          disabled={data === undefined || data.value.length === 0}
          onClick={() => download(`costs-${month}.csv`, costsCsv(data?.value ?? []), "text/csv")}
        >
          {t("costs.export")}
        </Button>
      </div>
      <ProblemMessage
        error={whole.error ?? daily.error}
        onRetry={() => void Promise.all([whole.refetch(), daily.refetch()])}
      />
      {data === undefined ? null : <Totals costs={data} running={running} />}
      {daily.data?.totals.map(({ currency }) => (
        <DayChart key={currency} costs={daily.data} currency={currency} />
      ))}
      {data === undefined || data.value.length === 0 ? null : (
        <Lines lines={data.value} group={group} running={running} />
      )}
    </section>
  );
}

function useCosts(subscriptionId: string, month: string, step: "day" | "total", group: CostGroup, tag: string) {
  return useQuery({
    queryKey: ["costs", subscriptionId, month, step, group, tag],
    queryFn: async ({ signal }) => {
      const query = { month, step, group, ...(group === "tag" ? { tag } : {}) };
      return (await call<Costs>("GET", `/subscriptions/${subscriptionId}/costs`, { signal, query })).body;
    },
    enabled: group !== "tag" || tag !== "",
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
}

function Totals({ costs, running }: { costs: Costs; running: boolean }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("money");
  if (costs.totals.length === 0) return <p>{t("costs.none")}</p>;
  const figure = (title: string, amount: string, currency: string) => (
    <div className={styles.figure}>
      <dt className={styles.quiet}>{title}</dt>
      <dd className={styles.number}>{moneyText(amount, currency, i18n.language)}</dd>
    </div>
  );
  return (
    <>
      {costs.totals.map((total) => (
        <dl
          key={total.currency}
          className={styles.figures}
          aria-label={t("costs.totals", { currency: total.currency })}
        >
          {figure(t(running ? "costs.so_far" : "costs.in_all"), total.cost, total.currency)}
          {running ? figure(t("costs.forecast"), total.forecast, total.currency) : null}
          {total.list_cost === total.cost ? null : figure(t("costs.before"), total.list_cost, total.currency)}
        </dl>
      ))}
      <p className={styles.quiet}>{t("costs.as_of", { instant: formatInstant(costs.as_of, i18n.language) })}</p>
    </>
  );
}

function DayChart({ costs, currency }: { costs: Costs; currency: string }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("money");
  const name = t("costs.by_day", { currency });
  const lines = useMemo(() => [{ name, points: byDay(costs.value, currency) }], [costs.value, currency, name]);
  const format = useMemo(() => {
    const written = new Intl.NumberFormat(i18n.language, { style: "currency", currency });
    return (value: number) => written.format(value);
  }, [i18n.language, currency]);
  if (lines[0]?.points.length === 0) return null;
  const total = costs.totals.find((one) => one.currency === currency)?.cost ?? "0";
  return (
    <div className={styles.card}>
      <h2 className={styles.heading}>{name}</h2>
      <TimeChart
        label={t("costs.chart", { total: moneyText(total, currency, i18n.language) })}
        lines={lines}
        from={Date.parse(costs.begin)}
        to={Date.parse(costs.end) - DAY_MS}
        most={null}
        format={format}
        language={i18n.language}
        days
      />
    </div>
  );
}

function Lines({ lines, group, running }: { lines: readonly CostLine[]; group: CostGroup; running: boolean }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const language = i18n.language;
  const quantity = useMemo(() => {
    const written = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
    return (line: CostLine) =>
      line.quantity === null
        ? "–"
        : `${written.format(Number(line.quantity))} ${t(`consumption:units.${line.unit ?? ""}`, { defaultValue: line.unit ?? "" })}`;
  }, [language, t]);
  const titleOf = (line: CostLine) =>
    line.kind === "usage" && line.meter !== null
      ? t(`consumption:meters.${line.meter}`, { defaultValue: line.title })
      : line.title;
  const stateOf = (state: string | null) =>
    state === null || state === "" ? "–" : t(`consumption:states.${state}`, { defaultValue: state });
  const numbers = ["quantity", "cost", ...(running ? ["forecast"] : [])];
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("costs.lines")}>
      <Table size="small" className={styles.table} aria-label={t("costs.lines")}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{t("costs.columns.kind")}</TableHeaderCell>
            <TableHeaderCell>{t(`costs.columns.${group === "meter" ? "title" : group}`)}</TableHeaderCell>
            {group === "meter" ? <TableHeaderCell>{t("costs.columns.state")}</TableHeaderCell> : null}
            {numbers.map((column) => (
              <TableHeaderCell key={column} button={{ className: styles.end }}>
                {t(`costs.columns.${column}`)}
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {lines.map((line, place) => (
            <TableRow key={place}>
              <TableCell>{t(`costs.kinds.${line.kind}`)}</TableCell>
              <TableCell>
                {group === "meter" ? titleOf(line) : namedBy(line, group, titleOf(line), t("costs.untagged"))}
              </TableCell>
              {group === "meter" ? <TableCell>{stateOf(line.state)}</TableCell> : null}
              <TableCell className={styles.amount}>{quantity(line)}</TableCell>
              <TableCell className={styles.amount}>{moneyText(line.cost, line.currency, language)}</TableCell>
              {running ? (
                <TableCell className={styles.amount}>
                  {line.forecast === null ? "–" : moneyText(line.forecast, line.currency, language)}
                </TableCell>
              ) : null}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}

/** What a line is called when it stands for a resource or a tag. */
function namedBy(line: CostLine, group: CostGroup, title: string, untagged: string): string {
  if (group === "tag") return line.tag === null ? title : line.tag === "" ? untagged : line.tag;
  return line.resource_name === null || line.resource_name === "" ? title : line.resource_name;
}
