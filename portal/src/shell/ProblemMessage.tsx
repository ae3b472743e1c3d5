/** The one way in which the portal shows that something did not work. */
import { Button, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { problemOf } from "@/api/problem";

const useStyles = makeStyles({
  bar: { alignItems: "start", paddingTop: "8px", paddingBottom: "8px" },
  body: { whiteSpace: "normal", overflowWrap: "anywhere" },
  remedy: { marginTop: "2px" },
  request: {
    marginTop: "2px",
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase100,
    color: tokens.colorNeutralForeground2,
  },
});

export function ProblemMessage({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const styles = useStyles();
  const { t } = useTranslation();
  if (error === null || error === undefined) return null;
  const problem = problemOf(error);
  return (
    <MessageBar intent="error" layout="multiline" className={styles.bar} role="alert">
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>{problem.title}</MessageBarTitle> {problem.detail}
        <div className={styles.remedy}>{problem.remedy}</div>
        {problem.request_id ? (
          <div className={styles.request}>
            {t("problem.request")} {problem.request_id}
          </div>
        ) : null}
        {onRetry === undefined ? null : (
          <Button size="small" onClick={onRetry}>
            {t("problem.retry")}
          </Button>
        )}
      </MessageBarBody>
    </MessageBar>
  );
}
