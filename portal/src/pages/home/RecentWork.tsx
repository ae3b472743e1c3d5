/** The operations of a subscription that began last. */
import { makeStyles, ProgressBar, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { goesOn, type Operation, type Page } from "@/api/wire";
import { StateMark } from "@/manifest/FieldValue";
import { formatValue, toneOf } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";

const SHOWN = 6;

const useStyles = makeStyles({
  list: { listStyle: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: "8px" },
  line: { display: "flex", justifyContent: "space-between", gap: "12px", flexWrap: "wrap" },
  quiet: { color: tokens.colorNeutralForeground3 },
});

export function RecentWork({ subscriptionId }: { subscriptionId: string }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["operations", "dashboard", "frame"]);
  const parameters = {
    $filter: `subscription_id eq ${subscriptionId}`,
    $top: String(SHOWN),
    $orderby: "created_at desc",
  };
  const work = useQuery({
    queryKey: keys.list("operation", "/operations", parameters),
    queryFn: async ({ signal }) =>
      (await call<Page<Operation>>("GET", "/operations", { signal, query: parameters })).body.value,
  });
  if (work.error !== null) return <ProblemMessage error={work.error} onRetry={() => void work.refetch()} />;
  if (work.data?.length === 0) return <span className={styles.quiet}>{t("empty")}</span>;
  return (
    <ul className={styles.list}>
      {work.data?.map((operation) => (
        <li key={operation.id}>
          <div className={styles.line}>
            <span>
              {t(`frame:values.kind.${operation.kind.replace(".", "_")}`, { defaultValue: operation.kind })}{" "}
              {operation.resource_name}
            </span>
            <StateMark tone={toneOf(operation.state)} word={t(`states.${operation.state}`)} />
          </div>
          {goesOn(operation) ? (
            <ProgressBar value={operation.progress_percent / 100} aria-label={operation.sentence} />
          ) : (
            <span className={styles.quiet}>{formatValue("date", operation.created_at, i18n.language)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
