/** A tenant's first page: what runs, how much of the plan is used, what happened last, and how to begin. */
import { Card, makeStyles, Skeleton, SkeletonItem, Subtitle2, tokens } from "@fluentui/react-components";
import { useQueries, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import { UsageBars } from "@/pages/subscriptions/UsageBars";
import { useMe } from "@/session/session";
import { useCurrentSubscription, type Subscription } from "@/session/subscriptions";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { GettingStarted } from "./GettingStarted";
import { RecentEvents } from "./RecentEvents";
import { RecentWork } from "./RecentWork";

const useStyles = makeStyles({
  grid: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(420px, 100%), 1fr))",
    gap: "16px",
    alignItems: "stretch",
  },
  card: { gap: "12px", padding: "16px 20px", minWidth: 0 },
  figures: { display: "flex", gap: "24px", flexWrap: "wrap" },
  figure: { display: "flex", flexDirection: "column" },
  number: {
    fontSize: tokens.fontSizeHero700,
    fontWeight: tokens.fontWeightSemibold,
    lineHeight: tokens.lineHeightHero700,
  },
  caption: { color: tokens.colorNeutralForeground3 },
});

export default function Dashboard() {
  const { t } = useTranslation("dashboard");
  const me = useMe();
  const { subscription, loading } = useCurrentSubscription();
  usePageTitle(t("title"));
  return (
    <>
      <h1>{t("greeting", { name: me.data?.name ?? "" })}</h1>
      <GettingStarted subscription={subscription} loading={loading} />
      {loading ? (
        <Skeleton aria-label={t("title")}>
          <SkeletonItem size={128} />
        </Skeleton>
      ) : null}
      {subscription === null ? null : <Tiles subscription={subscription} />}
    </>
  );
}

function Tiles({ subscription }: { subscription: Subscription }) {
  const styles = useStyles();
  const { t } = useTranslation("dashboard");
  const base = `/subscriptions/${subscription.id}`;
  return (
    <div className={styles.grid}>
      <Tile title={t("machines")}>
        <Counts subscriptionId={subscription.id} />
        <FluentButtonLink to={`${base}/virtual-machines`}>{t("all_machines")}</FluentButtonLink>
      </Tile>
      <Tile title={t("quota")}>
        <Quota subscriptionId={subscription.id} />
      </Tile>
      <Tile title={t("recent")}>
        <RecentWork subscriptionId={subscription.id} />
        <FluentButtonLink to="/operations">{t("all_operations")}</FluentButtonLink>
      </Tile>
      <Tile title={t("events")}>
        <RecentEvents />
      </Tile>
    </div>
  );
}

export function Tile({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles();
  return (
    <Card className={styles.card} role="group" aria-label={title}>
      <Subtitle2 as="h2">{title}</Subtitle2>
      {children}
    </Card>
  );
}

const COUNTS = [
  { id: "running", filter: "state eq 'running'" },
  { id: "stopped", filter: "state eq 'stopped'" },
  { id: "others", filter: "state ne 'running' and state ne 'stopped'" },
] as const;

/** Counted by the server, whatever the number of machines. */
function Counts({ subscriptionId }: { subscriptionId: string }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("dashboard");
  const path = fillPath("/subscriptions/{id}/virtual-machines", { id: subscriptionId });
  const counts = useQueries({
    queries: COUNTS.map((one) => ({
      queryKey: [...keys.lists("virtual_machine"), "count", subscriptionId, one.id],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const query = { $filter: one.filter, $top: 1, $count: true };
        return (await call<Page<Resource>>("GET", path, { signal, query })).body["@odata.count"] ?? 0;
      },
    })),
  });
  return (
    <div className={styles.figures}>
      {COUNTS.map((one, index) => (
        <div key={one.id} className={styles.figure}>
          <span className={styles.number}>
            {counts[index]?.data === undefined ? "…" : new Intl.NumberFormat(i18n.language).format(counts[index].data)}
          </span>
          <span className={styles.caption}>{t(one.id)}</span>
        </div>
      ))}
    </div>
  );
}

function Quota({ subscriptionId }: { subscriptionId: string }) {
  const usage = useQuery({
    queryKey: keys.usage(subscriptionId),
    queryFn: async ({ signal }) => {
      const path = { subscription_id: subscriptionId };
      return (
        (await tenantApi.GET("/subscriptions/{subscription_id}/usage", { params: { path }, signal })).data?.value ?? []
      );
    },
  });
  if (usage.error !== null) return <ProblemMessage error={usage.error} onRetry={() => void usage.refetch()} />;
  return <UsageBars usage={usage.data ?? []} />;
}
