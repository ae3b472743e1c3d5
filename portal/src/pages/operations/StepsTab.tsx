/** What an operation has done, in order, with how long each step took. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { localProblem, ProblemError, type Problem } from "@/api/problem";
import { StateMark } from "@/manifest/FieldValue";
import type { TabProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";

interface StepRecord {
  name: string;
  direction: "do" | "undo";
  result: "done" | "failed" | "cancelled";
  started_at: string;
  finished_at: string;
}

const useStyles = makeStyles({
  list: { margin: "0 0 16px", paddingLeft: "24px", lineHeight: tokens.lineHeightBase500 },
  step: { display: "inline-flex", gap: "16px", flexWrap: "wrap" },
  seconds: { color: tokens.colorNeutralForeground3 },
});

export default function StepsTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("operations");
  const steps = (resource["steps"] ?? []) as StepRecord[];
  const problem = resource["problem"] as Problem | null;
  const seconds = new Intl.NumberFormat(i18n.language, {
    style: "unit",
    unit: "second",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return (
    <>
      {problem === null ? null : (
        <ProblemMessage error={new ProblemError({ ...localProblem("", "", "", ""), ...problem })} />
      )}
      {steps.length === 0 ? <p>{t("steps.none")}</p> : null}
      <ol className={styles.list}>
        {steps.map((entry, index) => (
          <li key={index}>
            <span className={styles.step}>
              <span>{entry.name}</span>
              <StateMark tone={toneOfStep(entry)} word={t(`steps.${wordOfStep(entry)}`)} />
              <span className={styles.seconds}>
                {seconds.format((Date.parse(entry.finished_at) - Date.parse(entry.started_at)) / 1000)}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function wordOfStep(entry: StepRecord): string {
  if (entry.result !== "done") return "failed";
  return entry.direction === "undo" ? "undone" : "done";
}

function toneOfStep(entry: StepRecord) {
  if (entry.result !== "done") return "bad" as const;
  return entry.direction === "undo" ? ("warning" as const) : ("good" as const);
}
