/** The way to one's first machine, for whoever has none yet. */
import { Card, makeStyles, Spinner, Subtitle2, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled, CircleRegular } from "@fluentui/react-icons";
import { useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { FluentButtonLink } from "@/pages/overview/FluentButtonLink";
import type { Subscription } from "@/session/subscriptions";

const useStyles = makeStyles({
  card: { gap: "10px", padding: "16px 20px", marginBottom: "20px", backgroundColor: tokens.colorBrandBackground2 },
  list: { listStyle: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: "8px" },
  step: { display: "flex", alignItems: "center", gap: "8px", flexWrap: "wrap" },
  done: { color: tokens.colorPaletteGreenForeground1, fontSize: "18px" },
  open: { fontSize: "18px" },
  optional: { color: tokens.colorNeutralForeground2 },
});

const STEPS = [
  {
    id: "network",
    type: "vm_network",
    path: "/subscriptions/{id}/vm-networks",
    to: "vm-networks/new",
    optional: false,
  },
  { id: "key", type: "ssh_key", path: "/subscriptions/{id}/ssh-keys", to: "ssh-keys", optional: true },
  {
    id: "machine",
    type: "virtual_machine",
    path: "/subscriptions/{id}/virtual-machines",
    to: "virtual-machines/new",
    optional: false,
  },
] as const;

export function GettingStarted({ subscription, loading }: { subscription: Subscription | null; loading: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation("dashboard");
  const found = useQueries({
    queries: STEPS.map((step) => ({
      queryKey: [...keys.lists(step.type), "any", subscription?.id],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const path = fillPath(step.path, { id: subscription?.id ?? "" });
        return (await call<Page<Resource>>("GET", path, { signal, query: { $top: 1 } })).body.value.length > 0;
      },
      enabled: subscription !== null,
    })),
  });
  const known = subscription === null || found.every((query) => query.data !== undefined);
  // Whoever has a machine has begun.
  if (loading || !known || found.at(-1)?.data === true) return null;
  return (
    <Card className={styles.card} role="group" aria-label={t("start.title")}>
      <Subtitle2 as="h2">{t("start.title")}</Subtitle2>
      <div>{t("start.text")}</div>
      <ol className={styles.list}>
        <Step done={subscription !== null} to="/offers" title={t("start.subscribe")} />
        {STEPS.map((step, index) => (
          <Step
            key={step.id}
            done={found[index]?.data === true}
            to={subscription === null ? null : `/subscriptions/${subscription.id}/${step.to}`}
            title={t(`start.${step.id}`)}
            note={step.optional ? t("start.optional") : undefined}
          />
        ))}
      </ol>
      {subscription === null ? null : <Preparing subscription={subscription} />}
    </Card>
  );
}

function Step({
  done,
  to,
  title,
  note,
}: {
  done: boolean;
  to: string | null;
  title: string;
  note?: string | undefined;
}) {
  const styles = useStyles();
  return (
    <li className={styles.step}>
      {done ? (
        <CheckmarkCircleFilled className={styles.done} aria-hidden />
      ) : (
        <CircleRegular className={styles.open} aria-hidden />
      )}
      {done ? (
        <s>{title}</s>
      ) : to === null ? (
        <span>{title}</span>
      ) : (
        <FluentButtonLink to={to}>{title}</FluentButtonLink>
      )}
      {note === undefined || done ? null : <span className={styles.optional}>({note})</span>}
    </li>
  );
}

function Preparing({ subscription }: { subscription: Subscription }) {
  const { t } = useTranslation("dashboard");
  return subscription.state === "active" || subscription.state === "suspended" ? null : (
    <Spinner size="tiny" label={t("start.preparing")} />
  );
}
