/** The last step of adding a host: the server looks at it, and says what would be in the way. */
import {
  Button,
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Spinner,
  tokens,
} from "@fluentui/react-components";
import { CheckmarkCircleFilled, DismissCircleFilled } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { adminApi, type AdminSchemas } from "@/api/clients";
import type { InputProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { hostBody } from "./hostBody";

const useStyles = makeStyles({
  root: { display: "flex", flexDirection: "column", gap: "12px", alignItems: "flex-start" },
  list: { listStyle: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", gap: "10px" },
  check: { display: "flex", gap: "8px", alignItems: "flex-start" },
  mark: { flexShrink: 0, marginTop: "2px", fontSize: "18px" },
  good: { color: tokens.colorPaletteGreenForeground1 },
  bad: { color: tokens.colorPaletteRedForeground1 },
  detail: { color: tokens.colorNeutralForeground2, overflowWrap: "anywhere" },
});

export default function PreflightInput({ values }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation("hosts");
  const body = hostBody(values);
  const checked = useQuery({
    queryKey: ["preflight", body],
    queryFn: async ({ signal }) => {
      const answer = await adminApi.POST("/hosts/preflight", {
        body: body as unknown as AdminSchemas["NewHostBody"],
        signal,
      });
      return answer.data as AdminSchemas["PreflightView"];
    },
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const failed = checked.data?.checks.filter((check) => !check.ok).length ?? 0;
  return (
    <div className={styles.root} aria-live="polite">
      {checked.isFetching ? <Spinner size="small" label={t("preflight.running")} /> : null}
      <ProblemMessage error={checked.error} />
      {checked.data === undefined || checked.isFetching ? null : (
        <>
          <MessageBar intent={failed === 0 ? "success" : "warning"} layout="multiline">
            <MessageBarBody>
              <MessageBarTitle>
                {t(failed === 0 ? "preflight.good" : "preflight.bad", { count: failed })}
              </MessageBarTitle>
            </MessageBarBody>
          </MessageBar>
          <ul className={styles.list} aria-label={t("preflight.title")}>
            {checked.data.checks.map((check) => (
              <li key={check.name} className={styles.check}>
                {check.ok ? (
                  <CheckmarkCircleFilled className={`${styles.mark} ${styles.good}`} aria-label={t("preflight.ok")} />
                ) : (
                  <DismissCircleFilled className={`${styles.mark} ${styles.bad}`} aria-label={t("preflight.failed")} />
                )}
                <div>
                  <div>{check.title}</div>
                  <div className={styles.detail}>{check.detail}</div>
                  {check.remedy === null ? null : <div className={styles.detail}>{check.remedy}</div>}
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
      <Button size="small" disabled={checked.isFetching} onClick={() => void checked.refetch()}>
        {t("preflight.again")}
      </Button>
    </div>
  );
}
