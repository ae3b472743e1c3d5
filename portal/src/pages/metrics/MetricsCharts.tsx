/** What a machine or a host used: charts that move on by themselves, or the same as a table. */
import {
  makeStyles,
  mergeClasses,
  Skeleton,
  SkeletonItem,
  Switch,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  ToggleButton,
  tokens,
} from "@fluentui/react-components";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { useDarkTheme } from "@/shell/theme";
import { formatMeasure } from "./measures";
import { CHARTS, RANGES, summaryOf, tableOf, withGaps, type ChartPlan, type Metrics, type Range } from "./metrics";
import { LINE_COLOURS, TimeChart } from "./TimeChart";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: "8px", marginBottom: "12px" },
  grid: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 420px), 1fr))", gap: "12px" },
  card: {
    minWidth: 0,
    margin: 0,
    padding: "12px",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  head: { display: "flex", flexWrap: "wrap", alignItems: "baseline", justifyContent: "space-between", gap: "4px 16px" },
  title: { margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  legend: { display: "flex", flexWrap: "wrap", gap: "4px 16px", margin: 0, padding: 0, listStyleType: "none" },
  entry: { display: "inline-flex", alignItems: "center", gap: "6px", fontSize: tokens.fontSizeBase200 },
  mark: { width: "18px", height: "0", borderTopWidth: "2px", borderTopStyle: "solid" },
  dashed: { borderTopStyle: "dashed" },
  empty: {
    display: "flex",
    alignItems: "center",
    justifyContent: "center",
    minHeight: "180px",
    textAlign: "center",
    color: tokens.colorNeutralForeground2,
  },
  scroll: { maxHeight: "320px", overflow: "auto" },
  number: { textAlign: "right", fontVariantNumeric: "tabular-nums" },
});

/** The least time between two readings: measurements are taken every ten seconds. */
const LEAST_INTERVAL_S = 10;
const TABLE_ROWS = 60;

export interface MetricsChartsProps {
  /** Of whom, as in lifecycle events, and its id. */
  type: string;
  id: string;
  /** The API's path of the measurements. */
  path: string;
  /** Said where there is nothing yet. */
  empty?: string;
}

export function MetricsCharts({ type, id, path, empty }: MetricsChartsProps) {
  const styles = useStyles();
  const { t } = useTranslation("metrics");
  const [range, setRange] = useState<Range>(1);
  const [asTable, setAsTable] = useState(false);
  const rangesId = useId();
  const metrics = useQuery({
    queryKey: keys.facet(type, id, "metrics", range),
    queryFn: async ({ signal }) => {
      const to = new Date();
      const from = new Date(to.valueOf() - range * 3_600_000);
      const { body } = await call<Metrics>("GET", path, {
        signal,
        query: { from: from.toISOString(), to: to.toISOString() },
      });
      return { ...body, from: from.valueOf(), to: to.valueOf() };
    },
    refetchInterval: (query) => Math.max(LEAST_INTERVAL_S, query.state.data?.step_s ?? 0) * 1_000,
    placeholderData: keepPreviousData,
  });
  return (
    <section aria-label={t("title")}>
      <div className={styles.bar}>
        <span id={rangesId}>{t("range")}</span>
        <div role="group" aria-labelledby={rangesId} className={styles.legend}>
          {RANGES.map((hours) => (
            <ToggleButton
              key={hours}
              size="small"
              checked={range === hours}
              appearance={range === hours ? "primary" : "outline"}
              onClick={() => setRange(hours)}
            >
              {t("hours", { count: hours })}
            </ToggleButton>
          ))}
        </div>
        <Switch checked={asTable} label={t("as_table")} onChange={(_, data) => setAsTable(data.checked)} />
      </div>
      <ProblemMessage error={metrics.error} onRetry={() => void metrics.refetch()} />
      <div className={styles.grid}>
        {CHARTS.map((plan) =>
          metrics.data === undefined ? (
            <Skeleton key={plan.id} className={styles.card} aria-label={t(`charts.${plan.id}`)}>
              <SkeletonItem size={128} />
            </Skeleton>
          ) : (
            <ChartCard key={plan.id} plan={plan} metrics={metrics.data} asTable={asTable} empty={empty ?? t("empty")} />
          ),
        )}
      </div>
    </section>
  );
}

interface ChartCardProps {
  plan: ChartPlan;
  metrics: Metrics & { from: number; to: number };
  asTable: boolean;
  empty: string;
}

function ChartCard({ plan, metrics, asTable, empty }: ChartCardProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("metrics");
  const language = i18n.language;
  const dark = useDarkTheme();
  const format = useCallback((value: number) => formatMeasure(plan.measure, value, language), [plan, language]);
  const lines = useMemo(
    () =>
      plan.series.map((name) => ({
        name: t(`series.${name}`),
        points: withGaps(metrics.series[name], metrics.step_s),
        summary: summaryOf(metrics.series[name]),
      })),
    [plan, metrics, t],
  );
  const title = t(`charts.${plan.id}`);
  const words = lines.map(({ name, summary }) =>
    summary === null
      ? t("summary_none", { name })
      : t("summary", { name, last: format(summary.last), least: format(summary.least), most: format(summary.most) }),
  );
  const nothing = lines.every((line) => line.points.length === 0);
  return (
    <figure className={styles.card} aria-label={title}>
      <div className={styles.head}>
        <h2 className={styles.title}>{title}</h2>
        <ul className={styles.legend}>
          {lines.map((line, place) => (
            <li key={line.name} className={styles.entry}>
              <span
                className={mergeClasses(styles.mark, place > 0 && styles.dashed)}
                style={{ borderTopColor: LINE_COLOURS[dark ? "dark" : "light"][place % 2] ?? "" }}
                aria-hidden
              />
              {line.name}: {line.summary === null ? "–" : format(line.summary.last)}
            </li>
          ))}
        </ul>
      </div>
      {nothing ? (
        <div className={styles.empty}>{empty}</div>
      ) : asTable ? (
        <ChartTable
          plan={plan}
          metrics={metrics}
          title={title}
          names={lines.map((line) => line.name)}
          format={format}
        />
      ) : (
        <TimeChart
          label={[title, ...words].join(". ")}
          lines={lines}
          from={metrics.from}
          to={metrics.to}
          most={plan.measure === "percent" ? 100 : null}
          format={format}
          language={language}
        />
      )}
    </figure>
  );
}

interface ChartTableProps {
  plan: ChartPlan;
  metrics: Metrics;
  title: string;
  names: readonly string[];
  format: (value: number) => string;
}

function ChartTable({ plan, metrics, title, names, format }: ChartTableProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("metrics");
  const clock = new Intl.DateTimeFormat(i18n.language, { dateStyle: "short", timeStyle: "short" });
  return (
    // A box that scrolls must be reachable by the keyboard to be scrolled by it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.scroll} tabIndex={0} role="group" aria-label={title}>
      <Table size="extra-small" aria-label={title}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{t("time")}</TableHeaderCell>
            {names.map((name) => (
              <TableHeaderCell key={name}>{name}</TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {tableOf(metrics, plan, TABLE_ROWS).map((row) => (
            <TableRow key={row.at}>
              <TableCell>{clock.format(row.at * 1000)}</TableCell>
              {row.values.map((value, place) => (
                <TableCell key={names[place]} className={styles.number}>
                  {value === null ? "–" : format(value)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}

export default MetricsCharts;
