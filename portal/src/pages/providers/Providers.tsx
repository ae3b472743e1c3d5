/** The resource providers: how each is, what it limits, and which subscriptions it is not in sync with. */
import {
  Button,
  Card,
  makeStyles,
  Subtitle2,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { adminApi, type AdminSchemas } from "@/api/clients";
import { StateMark } from "@/manifest/FieldValue";
import { Reference } from "@/manifest/Reference";
import { formatValue, toneOf } from "@/manifest/values";
import { amountText } from "@/pages/plans/amounts";
import { useProviders } from "@/pages/plans/ServicesTab";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";

const REFRESH_MS = 15_000;
const MOST_SYNCS = 200;

const useStyles = makeStyles({
  grid: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(340px, 100%), 1fr))",
    gap: "16px",
    marginBottom: "24px",
  },
  card: { gap: "8px", padding: "16px 20px", minWidth: 0 },
  head: { display: "flex", justifyContent: "space-between", gap: "12px", flexWrap: "wrap" },
  quiet: { color: tokens.colorNeutralForeground3, overflowWrap: "anywhere" },
  list: { margin: 0, paddingLeft: "18px" },
  scroll: { overflowX: "auto" },
  table: { minWidth: "640px" },
});

export default function Providers() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("providers");
  const providers = useProviders();
  usePageTitle(t("title"));
  return (
    <>
      <h1>{t("title")}</h1>
      <ProblemMessage error={providers.error} onRetry={() => void providers.refetch()} />
      <div className={styles.grid}>
        {providers.data?.map((provider) => (
          <Card key={provider.name} className={styles.card} role="group" aria-label={provider.title}>
            <div className={styles.head}>
              <Subtitle2 as="h2">{provider.title}</Subtitle2>
              <StateMark
                tone={provider.healthy ? "good" : "bad"}
                word={t(provider.healthy ? "healthy" : "unhealthy")}
              />
            </div>
            <div>{provider.sentence}</div>
            <div className={styles.quiet}>
              {provider.name} · {t("version", { version: provider.version })}
            </div>
            <div className={styles.quiet}>{t("dimensions")}</div>
            <ul className={styles.list}>
              {provider.dimensions.map((dimension) => (
                <li key={dimension.name}>
                  {dimension.title}{" "}
                  <span className={styles.quiet}>
                    {t("default", { amount: amountText(dimension.default, dimension.unit, i18n.language) })}
                  </span>
                </li>
              ))}
            </ul>
          </Card>
        ))}
      </div>
      <Syncs />
    </>
  );
}

function Syncs() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("providers");
  const cache = useQueryClient();
  const syncs = useQuery({
    queryKey: ["provider-syncs"],
    queryFn: async ({ signal }) => {
      const query = { $filter: "state ne 'in_sync'", $top: MOST_SYNCS };
      return (await adminApi.GET("/provider-syncs", { params: { query }, signal })).data?.value ?? [];
    },
    refetchInterval: REFRESH_MS,
  });
  const resync = useMutation({
    mutationFn: async (sync: AdminSchemas["ProviderSyncView"]) => {
      const path = { subscription_id: sync.subscription_id, provider: sync.provider };
      await adminApi.POST("/provider-syncs/{subscription_id}/{provider}/resync", { params: { path } });
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: ["provider-syncs"] }),
  });
  return (
    <section aria-label={t("syncs")}>
      <Subtitle2 as="h2">{t("syncs")}</Subtitle2>
      <ProblemMessage error={syncs.error ?? resync.error} />
      {syncs.data?.length === 0 ? <p>{t("syncs_none")}</p> : null}
      {syncs.data === undefined || syncs.data.length === 0 ? null : (
        // A table wider than a narrow window is scrolled by itself, by keyboard too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("syncs")}>
          <Table size="small" className={styles.table} aria-label={t("syncs")}>
            <TableHeader>
              <TableRow>
                {["subscription", "provider", "state", "since", "error"].map((column) => (
                  <TableHeaderCell key={column}>{t(column)}</TableHeaderCell>
                ))}
                <TableHeaderCell />
              </TableRow>
            </TableHeader>
            <TableBody>
              {syncs.data.map((sync) => (
                <TableRow key={`${sync.subscription_id} ${sync.provider}`}>
                  <TableCell>
                    <Reference
                      reference={{ type: "subscription" }}
                      id={sync.subscription_id}
                      resource={{ id: sync.subscription_id }}
                    />
                  </TableCell>
                  <TableCell>{sync.provider}</TableCell>
                  <TableCell>
                    <StateMark tone={toneOf(sync.state)} word={t(`states.${sync.state}`)} />
                  </TableCell>
                  <TableCell>{formatValue("date", sync.updated_at, i18n.language)}</TableCell>
                  <TableCell>{sync.last_error ?? "–"}</TableCell>
                  <TableCell>
                    <Button size="small" disabled={resync.isPending} onClick={() => resync.mutate(sync)}>
                      {t("resync")}
                    </Button>
                  </TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </section>
  );
}
