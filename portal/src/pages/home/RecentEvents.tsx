/** What happened last, in one's subscriptions. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { useEventWords } from "@/manifest/eventWords";
import { formatValue } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";

const SHOWN = 8;
const REFRESH_MS = 15_000;

const useStyles = makeStyles({
  list: { listStyle: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: "8px" },
  line: { display: "flex", justifyContent: "space-between", gap: "12px", flexWrap: "wrap" },
  quiet: { color: tokens.colorNeutralForeground3, whiteSpace: "nowrap" },
  name: { overflowWrap: "anywhere" },
});

export function RecentEvents() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("dashboard");
  const words = useEventWords();
  const events = useQuery({
    queryKey: keys.history(null),
    queryFn: async ({ signal }) => {
      const query = { $top: SHOWN };
      return (await tenantApi.GET("/events/history", { params: { query }, signal })).data?.value ?? [];
    },
    refetchInterval: REFRESH_MS,
  });
  if (events.error !== null) return <ProblemMessage error={events.error} onRetry={() => void events.refetch()} />;
  if (events.data?.length === 0) return <span className={styles.quiet}>{t("no_events")}</span>;
  return (
    <ul className={styles.list}>
      {events.data?.map((event) => (
        <li key={event.cursor} className={styles.line}>
          <span className={styles.name}>{[words(event.kind), event.resource_name].filter(Boolean).join(" · ")}</span>
          <span className={styles.quiet}>{formatValue("date", event.occurred_at, i18n.language)}</span>
        </li>
      ))}
    </ul>
  );
}
