/** What everybody's month comes to: for each currency the sums, and which plans, subscriptions and meters they are of. */
import {
  Button,
  Field,
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
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { call } from "@/api/transport";
import { download } from "@/manifest/export";
import { formatInstant } from "@/manifest/values";
import { moneyText } from "@/pages/offers/fees";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import {
  changeText,
  overviewCsv,
  PARTS,
  partOf,
  SHARES,
  type Overview,
  type Share,
  type ShareKind,
} from "./costOverview";
import { months, monthText } from "./costs";

const REFRESH_MS = 300_000;
const TOPS = [10, 25, 100] as const;

const useStyles = makeStyles({
  text: { color: tokens.colorNeutralForeground2, maxWidth: "70ch" },
  bar: { display: "flex", flexWrap: "wrap", gap: "12px", alignItems: "end", marginBottom: "16px" },
  figures: { display: "flex", flexWrap: "wrap", gap: "16px 40px", margin: "0 0 12px" },
  figure: { display: "flex", flexDirection: "column-reverse", justifyContent: "flex-end", margin: 0 },
  number: {
    margin: 0,
    fontSize: tokens.fontSizeHero700,
    lineHeight: tokens.lineHeightHero700,
    fontWeight: tokens.fontWeightSemibold,
    fontVariantNumeric: "tabular-nums",
  },
  part: { margin: 0, fontWeight: tokens.fontWeightSemibold, fontVariantNumeric: "tabular-nums" },
  quiet: { color: tokens.colorNeutralForeground3 },
  heading: { margin: "24px 0 8px", fontSize: tokens.fontSizeBase400 },
  scroll: { overflowX: "auto" },
  table: { minWidth: "560px" },
  name: { overflowWrap: "anywhere" },
  end: { justifyContent: "flex-end" },
  amount: { textAlign: "right", fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" },
});

export default function CostOverviewPage() {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const [choices] = useState(() => months(new Date()));
  const [month, setMonth] = useState(choices[0] ?? "");
  const [top, setTop] = useState<number>(TOPS[0]);
  usePageTitle(t("overview.title"));
  const found = useQuery({
    queryKey: ["cost-overview", month, top],
    queryFn: async ({ signal }) =>
      (await call<Overview>("GET", "/cost-overview", { signal, query: { month, top } })).body,
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
  const data = found.data;
  const running = data?.month === choices[0];
  return (
    <section aria-label={t("overview.title")} aria-busy={found.isFetching && data === undefined}>
      <h1>{t("overview.title")}</h1>
      <p className={styles.text}>{t("overview.text")}</p>
      <div className={styles.bar}>
        <Field label={t("overview.month")}>
          <Select value={month} onChange={(_, chosen) => setMonth(chosen.value)}>
            {choices.map((one) => (
              <option key={one} value={one}>
                {monthText(one, i18n.language)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("overview.top")}>
          <Select value={String(top)} onChange={(_, chosen) => setTop(Number(chosen.value))}>
            {TOPS.map((count) => (
              <option key={count} value={String(count)}>
                {t("overview.top_of", { count })}
              </option>
            ))}
          </Select>
        </Field>
        <Button
          disabled={data === undefined || data.totals.length === 0}
          onClick={() => data && download(`costs-of-everybody-${data.month}.csv`, overviewCsv(data), "text/csv")}
        >
          {t("overview.export")}
        </Button>
      </div>
      <ProblemMessage error={found.error} onRetry={() => void found.refetch()} />
      {data === undefined ? null : data.as_of === null ? (
        <p>{t("overview.none")}</p>
      ) : (
        <>
          <p className={styles.quiet}>
            {t("overview.as_of", {
              instant: formatInstant(data.as_of, i18n.language),
              count: data.subscriptions,
            })}{" "}
            {data.closed_at === null
              ? null
              : t("overview.closed", { instant: formatInstant(data.closed_at, i18n.language) })}
          </p>
          {data.totals.map((total) => (
            <Totals key={total.currency} total={total} running={running} />
          ))}
          {SHARES.map((kind) => (
            <Shares key={kind} kind={kind} overview={data} running={running} />
          ))}
        </>
      )}
    </section>
  );
}

function Totals({ total, running }: { total: Overview["totals"][number]; running: boolean }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("money");
  const written = (amount: string) => moneyText(amount, total.currency, i18n.language);
  const figure = (title: string, amount: string, style: string) => (
    <div key={title} className={styles.figure}>
      <dt className={styles.quiet}>{title}</dt>
      <dd className={style}>{written(amount)}</dd>
    </div>
  );
  const change = changeText(running ? total.forecast : total.cost, total.last_month, i18n.language);
  return (
    <>
      <dl className={styles.figures} aria-label={t("overview.totals", { currency: total.currency })}>
        {figure(t(running ? "overview.so_far" : "overview.in_all"), total.cost, styles.number)}
        {running ? figure(t("overview.forecast"), total.forecast, styles.number) : null}
        {figure(t("overview.last_month"), total.last_month, styles.number)}
      </dl>
      {change === null ? null : <p className={styles.quiet}>{t("overview.change", { percent: change })}</p>}
      <dl className={styles.figures} aria-label={t("overview.of_which", { currency: total.currency })}>
        {PARTS.map((part) => {
          const amount = total[part];
          return amount === null ? null : figure(t(`overview.parts.${part}`), amount, styles.part);
        })}
      </dl>
    </>
  );
}

function Shares({ kind, overview, running }: { kind: ShareKind; overview: Overview; running: boolean }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const shares = overview[kind];
  if (shares.length === 0) return null;
  const title = t(`overview.by.${kind}`);
  const written = (share: Share, amount: string) => moneyText(amount, share.currency, i18n.language);
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  const totals = new Map(overview.totals.map((total) => [total.currency, total]));
  const numbers = ["cost", ...(running ? ["forecast"] : []), "last_month", "share"];
  return (
    <>
      <h2 className={styles.heading}>{title}</h2>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={title}>
        <Table size="small" className={styles.table} aria-label={title}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>{t(`overview.columns.${kind}`)}</TableHeaderCell>
              {kind === "meters" ? <TableHeaderCell>{t("overview.columns.kind")}</TableHeaderCell> : null}
              {numbers.map((column) => (
                <TableHeaderCell key={column} button={{ className: styles.end }}>
                  {t(`overview.columns.${column}`)}
                </TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {shares.map((share) => (
              <TableRow key={[share.currency, share.kind, share.id].join("|")}>
                <TableCell className={styles.name}>
                  <ShareName kind={kind} share={share} />
                </TableCell>
                {kind === "meters" ? <TableCell>{t(`costs.kinds.${share.kind ?? "usage"}`)}</TableCell> : null}
                <TableCell className={styles.amount}>{written(share, share.cost)}</TableCell>
                {running ? <TableCell className={styles.amount}>{written(share, share.forecast)}</TableCell> : null}
                <TableCell className={styles.amount}>{written(share, share.last_month)}</TableCell>
                <TableCell className={styles.amount}>
                  {percent.format(partOf(share.cost, totals.get(share.currency)?.cost ?? "0"))}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </>
  );
}

function ShareName({ kind, share }: { kind: ShareKind; share: Share }) {
  const { t } = useTranslation(["money", "consumption"]);
  if (kind === "meters") {
    if (share.id === "") return t("overview.amounts_off");
    return t(`consumption:meters.${share.id}`, { defaultValue: share.name });
  }
  const slug = kind === "plans" ? "plans" : "subscriptions";
  return <FluentButtonLink to={`/${slug}/${share.id}`}>{share.name}</FluentButtonLink>;
}
