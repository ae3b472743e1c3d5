/** What is the matter with a console, said in its place and aloud. */
import { Button, makeStyles, Spinner, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { ProblemMessage } from "@/shell/ProblemMessage";
import { closingKey, endedInOrder } from "./closing";
import type { Connection } from "./useConsole";

const useStyles = makeStyles({
  status: {
    display: "flex",
    flexDirection: "column",
    alignItems: "center",
    justifyContent: "center",
    gap: "12px",
    minHeight: "240px",
    padding: "24px",
    textAlign: "center",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  title: { fontWeight: tokens.fontWeightSemibold, fontSize: tokens.fontSizeBase400 },
  text: { maxWidth: "56ch", color: tokens.colorNeutralForeground2, overflowWrap: "anywhere" },
});

export interface ConsoleStatusProps {
  connection: Connection;
  /** Whether the machine is on; one that is off has no console. */
  on: boolean;
}

/** Shown while there is nothing to see of the console itself. */
export function ConsoleStatus({ connection, on }: ConsoleStatusProps) {
  const styles = useStyles();
  const { t } = useTranslation("console");
  const { phase, connect } = connection;
  if (phase.name === "refused") return <ProblemMessage error={phase.error} onRetry={connect} />;
  if (phase.name === "opening" || phase.name === "open") {
    return (
      <div className={styles.status} role="status">
        <Spinner label={t("opening")} />
      </div>
    );
  }
  if (!on) return <Said title={t("off_title")} text={t("off_text")} />;
  if (phase.closing === null) return <Said title={t("opening")} text="" />;
  const key = closingKey(phase.closing);
  const reason = phase.closing.reason;
  return (
    <Said title={t(endedInOrder(phase.closing) ? "ended" : "lost")} text={t(`closed.${key}`, { reason })}>
      <Button appearance="primary" onClick={connect}>
        {t("reconnect")}
      </Button>
    </Said>
  );
}

function Said({ title, text, children }: { title: string; text: string; children?: React.ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.status}>
      <div role="status">
        <div className={styles.title}>{title}</div>
        {text === "" ? null : <div className={styles.text}>{text}</div>}
      </div>
      {children}
    </div>
  );
}
