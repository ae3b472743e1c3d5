/** The hosts' storage pools: what there is, what is promised, what is really used. */
import {
  Button,
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
import { useInfiniteQuery } from "@tanstack/react-query";

import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import { formatValue } from "@/manifest/values";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";

type Pool = AdminSchemas["HostStorageView"];

const PAGE = "50";

const useStyles = makeStyles({
  text: { color: tokens.colorNeutralForeground2, maxWidth: "70ch" },
  scroll: { overflowX: "auto" },
  table: { minWidth: "760px" },
  bar: { minWidth: "120px" },
});

export default function Storage() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("storage");
  usePageTitle(t("title"));
  const pools = useInfiniteQuery({
    queryKey: [...keys.lists("host"), "storage"],
    queryFn: async ({ pageParam, signal }) =>
      (
        await call<Page<Pool>>("GET", pageParam ?? "/storage", {
          signal,
          ...(pageParam === null ? { query: { $top: PAGE } } : {}),
        })
      ).body,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page["@odata.nextLink"] ?? null,
  });
  const rows = pools.data?.pages.flatMap((page) => page.value) ?? [];
  const gib = (amount: number) => formatValue("gib", amount, i18n.language);
  return (
    <>
      <h1>{t("title")}</h1>
      <p className={styles.text}>{t("text")}</p>
      <ProblemMessage error={pools.error} onRetry={() => void pools.refetch()} />
      {pools.data !== undefined && rows.length === 0 ? <p>{t("empty")}</p> : null}
      {rows.length === 0 ? null : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("title")}>
          <Table size="small" className={styles.table} aria-label={t("title")}>
            <TableHeader>
              <TableRow>
                {["host", "path", "total", "used", "free", "promised"].map((column) => (
                  <TableHeaderCell key={column}>{t(`columns.${column}`)}</TableHeaderCell>
                ))}
              </TableRow>
            </TableHeader>
            <TableBody>
              {rows.map((pool) => {
                const share = pool.total_gib === 0 ? 0 : Math.min(1, pool.used_gib / pool.total_gib);
                return (
                  <TableRow key={pool.host_id}>
                    <TableCell>
                      <FluentButtonLink to={`/hosts/${pool.host_id}`}>{pool.host_name}</FluentButtonLink>
                    </TableCell>
                    <TableCell>{pool.path}</TableCell>
                    <TableCell>{gib(pool.total_gib)}</TableCell>
                    <TableCell className={styles.bar}>
                      {gib(pool.used_gib)}
                      <ProgressBar
                        value={share}
                        color={share >= 0.95 ? "error" : share >= 0.8 ? "warning" : "brand"}
                        aria-label={`${pool.host_name}: ${gib(pool.used_gib)} / ${gib(pool.total_gib)}`}
                      />
                    </TableCell>
                    <TableCell>{gib(pool.free_gib)}</TableCell>
                    <TableCell>
                      {gib(pool.reserved_gib)} / {gib(pool.capacity_gib)}
                    </TableCell>
                  </TableRow>
                );
              })}
            </TableBody>
          </Table>
        </div>
      )}
      {pools.hasNextPage ? <Button onClick={() => void pools.fetchNextPage()}>{t("more")}</Button> : null}
    </>
  );
}
