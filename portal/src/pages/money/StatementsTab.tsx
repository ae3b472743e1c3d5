/** A subscription's statements: what the running month's would be now, and those that are closed, to keep as files. */
import {
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import type { TabProps } from "@/manifest/types";
import { formatInstant } from "@/manifest/values";
import { moneyText } from "@/pages/offers/fees";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { monthText } from "./costs";
import { StatementFiles } from "./StatementFiles";
import { StatementLines } from "./StatementLines";

type Statement = TenantSchemas["StatementView"];
type Summary = TenantSchemas["StatementSummaryView"];

const useStyles = makeStyles({
  heading: { fontSize: tokens.fontSizeBase400 },
  scroll: { overflowX: "auto" },
  table: { minWidth: "640px" },
  end: { justifyContent: "flex-end" },
  amount: { textAlign: "right", fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" },
});

export default function StatementsTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const path = `/subscriptions/${resource.id}`;
  const [opened, setOpened] = useState<string | null>(null);
  const drafts = useQuery({
    queryKey: ["statement-drafts", resource.id],
    queryFn: async ({ signal }) =>
      (await call<Page<Statement>>("GET", `${path}/statement-drafts`, { signal })).body.value,
  });
  const closed = useInfiniteQuery({
    queryKey: ["resource", "statement", "list", path],
    queryFn: async ({ pageParam, signal }) =>
      (await call<Page<Summary>>("GET", pageParam ?? `${path}/statements`, { signal })).body,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page["@odata.nextLink"] ?? null,
  });
  const rows = closed.data?.pages.flatMap((page) => page.value) ?? [];
  return (
    <>
      <ProblemMessage error={drafts.error ?? closed.error} />
      <h2 className={styles.heading}>{t("statements.closed")}</h2>
      {closed.data !== undefined && rows.length === 0 ? <p>{t("statements.none")}</p> : null}
      {rows.length === 0 ? null : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("statements.closed")}>
          <Table size="small" className={styles.table} aria-label={t("statements.closed")}>
            <TableHeader>
              <TableRow>
                <TableHeaderCell>{t("statements.number")}</TableHeaderCell>
                <TableHeaderCell>{t("statements.month")}</TableHeaderCell>
                <TableHeaderCell>{t("statements.closed_at")}</TableHeaderCell>
                <TableHeaderCell button={{ className: styles.end }}>{t("statements.total")}</TableHeaderCell>
                <TableHeaderCell>{t("statements.files")}</TableHeaderCell>
              </TableRow>
            </TableHeader>
            <TableBody>
              {rows.map((row) => (
                <TableRow key={row.id}>
                  <TableCell>
                    <Button size="small" appearance="transparent" onClick={() => setOpened(row.id)}>
                      {row.number}
                    </Button>
                  </TableCell>
                  <TableCell>{monthText(row.month, i18n.language)}</TableCell>
                  <TableCell>{row.closed_at === null ? "–" : formatInstant(row.closed_at, i18n.language)}</TableCell>
                  <TableCell className={styles.amount}>{moneyText(row.total, row.currency, i18n.language)}</TableCell>
                  <TableCell>
                    <StatementFiles path={`${path}/statements/${row.id ?? ""}`} number={row.number ?? ""} />
                  </TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {closed.hasNextPage ? (
        <Button disabled={closed.isFetchingNextPage} onClick={() => void closed.fetchNextPage()}>
          {t("frame:list.more")}
        </Button>
      ) : null}
      {opened === null ? null : <Opened path={`${path}/statements/${opened}`} />}
      <h2 className={styles.heading}>{t("statements.draft")}</h2>
      <p>{t("statements.draft_help")}</p>
      {drafts.data?.length === 0 ? <p>{t("statements.nothing")}</p> : null}
      {drafts.data?.map((draft) => (
        <StatementLines key={draft.currency} statement={draft} />
      ))}
    </>
  );
}

/** The lines of one that is closed. */
function Opened({ path }: { path: string }) {
  const statement = useQuery({
    queryKey: ["statement", path],
    queryFn: async ({ signal }) => (await call<Statement>("GET", path, { signal })).body,
  });
  return (
    <>
      <ProblemMessage error={statement.error} />
      {statement.data === undefined ? null : <StatementLines statement={statement.data} />}
    </>
  );
}
