/** The last step of a wizard: everything that was filled in, and the calls that would do the same. */
import { Button, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { cliCommand, curlCommand } from "./calls";
import { CodeBlock } from "./JsonView";
import type { Texts } from "./texts";
import type { CreateManifest, InputManifest, ResourceManifest } from "./types";
import type { Form } from "./useForm";
import { failedCondition, formatValue, nameOf } from "./values";
import type { Resource } from "@/api/wire";

const useStyles = makeStyles({
  section: { marginBottom: "20px" },
  head: { display: "flex", alignItems: "center", gap: "8px", margin: "0 0 4px" },
  title: { margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  list: { display: "grid", gridTemplateColumns: "minmax(100px, 200px) minmax(0, 1fr)", gap: "4px 16px", margin: 0 },
  name: { color: tokens.colorNeutralForeground3 },
  value: { margin: 0, overflowWrap: "anywhere", whiteSpace: "pre-wrap" },
  call: { marginTop: "12px" },
});

export interface WizardReviewProps {
  manifest: ResourceManifest;
  create: CreateManifest;
  texts: Texts;
  form: Form;
  body: Record<string, unknown>;
  path: string;
  wrongSteps: readonly string[];
  onStep: (id: string) => void;
}

export function WizardReview({ create, texts, form, body, path, wrongSteps, onStep }: WizardReviewProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  return (
    <>
      {wrongSteps.length > 0 ? (
        <MessageBar intent="warning" className={styles.section} layout="multiline">
          <MessageBarBody>
            {t("create.incomplete", {
              steps: wrongSteps.map((id) => texts.text(`create.steps.${id}`)).join(", "),
            })}
          </MessageBarBody>
        </MessageBar>
      ) : null}
      {create.steps.map((step) => (
        <section key={step.id} className={styles.section} aria-label={texts.text(`create.steps.${step.id}`)}>
          <div className={styles.head}>
            <h2 className={styles.title}>{texts.text(`create.steps.${step.id}`)}</h2>
            <Button size="small" appearance="subtle" onClick={() => onStep(step.id)}>
              {t("create.change")}
            </Button>
          </div>
          <dl className={styles.list}>
            {step.fields
              .filter((input) => failedCondition(form.values, input.when) === null)
              .map((input) => (
                <Filled key={input.name} input={input} form={form} texts={texts} />
              ))}
          </dl>
        </section>
      ))}
      <section className={styles.call} aria-label={t("calls.title")}>
        <h2 className={styles.title}>{t("calls.title")}</h2>
        {create.cli === undefined ? null : (
          <CodeBlock text={cliCommand(create.cli, shownValues(form))} label={t("calls.cli")} />
        )}
        <div className={styles.call}>
          <CodeBlock text={curlCommand(create.method ?? "POST", path, body)} label={t("calls.curl")} />
        </div>
      </section>
    </>
  );
}

/** The values with names instead of ids where something was chosen: what the command line takes. */
function shownValues(form: Form): Record<string, unknown> {
  const names = Object.entries(form.chosen).map(([name, chosen]) => [
    name,
    Array.isArray(chosen) ? (chosen as Resource[]).map(nameOf) : nameOf(chosen as Resource),
  ]);
  const named = Object.fromEntries(names.filter(([, value]) => value !== undefined)) as Record<string, unknown>;
  return { ...form.values, ...named };
}

function Filled({ input, form, texts }: { input: InputManifest; form: Form; texts: Texts }) {
  const styles = useStyles();
  const title = texts.maybe(`inputs.${input.name}.title`) ?? texts.field(input.name);
  return (
    <>
      <dt className={styles.name}>{title}</dt>
      <dd className={styles.value}>{filledText(input, form, texts) || "–"}</dd>
    </>
  );
}

function filledText(input: InputManifest, form: Form, texts: Texts): string {
  const value = form.values[input.name];
  if (input.kind === "switch") return texts.text(value === true ? "yes" : "no");
  if (input.kind === "text" && input.secret === true) return value ? "••••••" : "";
  if (input.kind === "choice" && typeof value === "string") return texts.state(input.name, value);
  if (input.kind === "group") {
    return ((value as Record<string, unknown>[] | undefined) ?? [])
      .map((item) => Object.values(item).filter(Boolean).join(", "))
      .join("\n");
  }
  if (input.kind === "select" || (input.kind === "component" && form.chosen[input.name] !== undefined)) {
    const shown = shownValues(form)[input.name];
    return formatValue("text", shown, texts.language);
  }
  const text = formatValue("number", value, texts.language);
  return input.kind === "number" && text !== "" && input.unit !== undefined ? `${text} ${input.unit}` : text;
}
