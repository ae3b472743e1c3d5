/** What was used over some days: a chart for each meter, a table of the sums, and the table as a file. */
import {
  Button,
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
import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { call } from "@/api/transport";
import { download } from "@/manifest/export";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import { TimeChart } from "@/pages/metrics/TimeChart";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { byMeter, RANGES, summaryCsv, type Group, type Range } from "./consumption";

type Summary = AdminSchemas["UsageSummaryView"];

const DAY_MS = 86_400_000;
const REFRESH_MS = 180_000;

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", gap: "12px", alignItems: "end", marginBottom: "16px" },
  choice: { display: "flex", flexDirection: "column", gap: "4px" },
  grid: {
    display: "grid",
    gap: "16px",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 420px), 1fr))",
    marginBottom: "16px",
  },
  card: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    padding: "12px",
  },
  heading: { margin: "0 0 8px", fontSize: tokens.fontSizeBase300 },
  scroll: { overflowX: "auto" },
  table: { minWidth: "520px" },
  end: { justifyContent: "flex-end" },
  number: { textAlign: "right", fontVariantNumeric: "tabular-nums" },
});

export interface ConsumptionProps {
  /** The API's path of the summary. */
  path: string;
  /** By what lines may be added up; the first to begin with. */
  groups: readonly Group[];
}

export function Consumption({ path, groups }: ConsumptionProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("consumption");
  const [days, setDays] = useState<Range>(30);
  const [group, setGroup] = useState<Group>(groups[0] ?? "meter");
  const [meter, setMeter] = useState("");
  const daily = useSummary(path, days, "day", "meter", "");
  const total = useSummary(path, days, "total", group, meter);
  const charts = useMemo(() => byMeter(daily.data?.value ?? []), [daily.data]);
  const lines = total.data?.value ?? [];
  const format = useMemo(() => {
    const written = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 3 });
    return (value: number) => written.format(value);
  }, [i18n.language]);
  const title = (name: string, fallback: string) => t(`meters.${name}`, { defaultValue: fallback });
  const unitOf = (unit: string) => t(`units.${unit}`, { defaultValue: unit });
  const from = daily.data === undefined ? 0 : Date.parse(daily.data.begin);
  return (
    <section aria-label={t("title")} aria-busy={daily.isLoading || total.isLoading}>
      <div className={styles.bar}>
        <Choice
          label={t("range")}
          value={String(days)}
          options={RANGES.map((count) => [String(count), t("days", { count })])}
          onChange={(value) => setDays(Number(value) as Range)}
        />
        <Choice
          label={t("group")}
          value={group}
          options={groups.map((each) => [each, t(`groups.${each}`)])}
          onChange={(value) => setGroup(value as Group)}
        />
        <Choice
          label={t("meter")}
          value={meter}
          options={[["", t("all_meters")], ...charts.map((one) => [one.meter, title(one.meter, one.title)] as const)]}
          onChange={setMeter}
        />
        <Button
          disabled={lines.length === 0}
          onClick={() => download(`usage-${String(days)}d.csv`, summaryCsv(lines), "text/csv")}
        >
          {t("export")}
        </Button>
      </div>
      <ProblemMessage
        error={daily.error ?? total.error}
        onRetry={() => void Promise.all([daily.refetch(), total.refetch()])}
      />
      {daily.data !== undefined && charts.length === 0 ? <p>{t("empty")}</p> : null}
      <div className={styles.grid}>
        {charts
          .filter((one) => meter === "" || one.meter === meter)
          .map((one) => (
            <div key={one.meter} className={styles.card}>
              <h2 className={styles.heading}>
                {title(one.meter, one.title)} ({unitOf(one.unit)})
              </h2>
              <TimeChart
                label={t("chart", {
                  title: title(one.meter, one.title),
                  unit: unitOf(one.unit),
                  total: format(one.total),
                })}
                lines={[{ name: title(one.meter, one.title), points: one.points }]}
                from={from}
                to={Math.max(Date.parse(daily.data?.end ?? "") - DAY_MS, from)}
                most={null}
                format={format}
                language={i18n.language}
                days
              />
            </div>
          ))}
      </div>
      {lines.length === 0 ? null : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("in_all")}>
          <Table size="small" className={styles.table} aria-label={t("in_all")}>
            <TableHeader>
              <TableRow>
                {group === "meter" ? null : <TableHeaderCell>{t(`columns.${group}`)}</TableHeaderCell>}
                <TableHeaderCell>{t("columns.meter")}</TableHeaderCell>
                <TableHeaderCell>{t("columns.state")}</TableHeaderCell>
                <TableHeaderCell button={{ className: styles.end }}>{t("columns.quantity")}</TableHeaderCell>
                <TableHeaderCell>{t("columns.unit")}</TableHeaderCell>
              </TableRow>
            </TableHeader>
            <TableBody>
              {lines.map((line) => (
                <TableRow key={[line.subscription_id, line.resource_id, line.meter, line.state].join()}>
                  {group === "meter" ? null : (
                    <TableCell>
                      {group === "resource" ? (
                        line.resource_name
                      ) : (
                        <FluentButtonLink to={`/subscriptions/${line.subscription_id ?? ""}`}>
                          {line.subscription_id}
                        </FluentButtonLink>
                      )}
                    </TableCell>
                  )}
                  <TableCell>{title(line.meter, line.title)}</TableCell>
                  <TableCell>{t(`states.${line.state}`, { defaultValue: line.state })}</TableCell>
                  <TableCell className={styles.number}>{format(Number(line.quantity))}</TableCell>
                  <TableCell>{unitOf(line.unit)}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </section>
  );
}

function useSummary(path: string, days: Range, step: string, group: Group, meter: string) {
  return useQuery({
    queryKey: ["consumption", path, days, step, group, meter],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - (days - 1) * DAY_MS);
      const query = { from: from.toISOString(), step, group, ...(meter === "" ? {} : { meter }) };
      return (await call<Summary>("GET", path, { signal, query })).body;
    },
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  const styles = useStyles();
  const id = useId();
  return (
    <div className={styles.choice}>
      <label htmlFor={id}>{label}</label>
      <Select id={id} value={value} onChange={(_, data) => onChange(data.value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </Select>
    </div>
  );
}
