/** What the server runs with, and where each setting comes from. */
import {
  makeStyles,
  SearchBox,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { adminApi } from "@/api/clients";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({
  text: { color: tokens.colorNeutralForeground2, maxWidth: "70ch" },
  search: { width: "320px", maxWidth: "100%", margin: "8px 0 12px" },
  scroll: { overflowX: "auto" },
  table: { minWidth: "560px" },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: "anywhere" },
  absent: { color: tokens.colorNeutralForeground3 },
});

export function useSiteSettings() {
  return useQuery({
    queryKey: ["settings"],
    queryFn: async ({ signal }) => (await adminApi.GET("/settings", { signal })).data?.value ?? [],
  });
}

export default function Settings() {
  const styles = useStyles();
  const { t } = useTranslation("site_settings");
  const settings = useSiteSettings();
  const [wanted, setWanted] = useState("");
  usePageTitle(t("title"));
  const shown = settings.data?.filter((one) => one.key.includes(wanted.trim().toLowerCase()));
  return (
    <>
      <h1>{t("title")}</h1>
      <p className={styles.text}>{t("text")}</p>
      <ProblemMessage error={settings.error} onRetry={() => void settings.refetch()} />
      <SearchBox
        className={styles.search}
        value={wanted}
        placeholder={t("filter")}
        aria-label={t("filter")}
        onChange={(_, data) => setWanted(data.value)}
      />
      {shown?.length === 0 ? <p>{t("nothing")}</p> : null}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("title")}>
        <Table size="small" className={styles.table} aria-label={t("title")}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>{t("key")}</TableHeaderCell>
              <TableHeaderCell>{t("value")}</TableHeaderCell>
              <TableHeaderCell>{t("origin")}</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {shown?.map((one) => (
              <TableRow key={one.key}>
                <TableCell className={styles.code}>{one.key}</TableCell>
                <TableCell className={styles.code}>
                  {one.value === "" ? <span className={styles.absent}>{t("empty_value")}</span> : one.value}
                </TableCell>
                <TableCell>{one.origin}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </>
  );
}
