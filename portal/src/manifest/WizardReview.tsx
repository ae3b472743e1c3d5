/** The last step of a wizard: everything that was filled in, and the calls that would do the same. */
import { Button, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { cliCommand, curlCommand, DOTS, isSecret, withoutSecrets } from "./calls";
import { CodeBlock } from "./JsonView";
import { OptionTitle } from "./OptionSelect";
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
  /** What paths of options are filled with, beside the form itself. */
  context: Readonly<Record<string, unknown>>;
  wrongSteps: readonly string[];
  onStep: (id: string) => void;
}

export function WizardReview({ create, texts, form, body, path, context, wrongSteps, onStep }: WizardReviewProps) {
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
                <Filled
                  key={input.name}
                  input={input}
                  value={form.values[input.name]}
                  chosen={form.chosen[input.name]}
                  context={{ ...context, ...form.values }}
                  texts={texts}
                />
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
          <CodeBlock
            text={curlCommand(create.method ?? "POST", path, withoutSecrets(create, body))}
            label={t("calls.curl")}
          />
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

interface FilledProps {
  input: InputManifest;
  value: unknown;
  /** The resources that a field of its own kind says were chosen. */
  chosen?: unknown;
  /** What the paths of options are filled with. */
  context: Readonly<Record<string, unknown>>;
  texts: Texts;
}

function Filled({ input, value, chosen, context, texts }: FilledProps) {
  const styles = useStyles();
  const title = texts.maybe(`inputs.${input.name}.title`) ?? texts.field(input.name);
  return (
    <>
      <dt className={styles.name}>{title}</dt>
      <dd className={styles.value}>
        <FilledValue input={input} value={value} chosen={chosen} context={context} texts={texts} />
      </dd>
    </>
  );
}

function FilledValue({ input, value, chosen, context, texts }: FilledProps) {
  if (input.kind === "group") return <FilledGroup input={input} value={value} context={context} texts={texts} />;
  if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)) return "–";
  if (input.kind === "select") return <OptionTitle source={input} value={value} values={context} texts={texts} />;
  if (input.kind === "component" && chosen !== undefined) {
    return (Array.isArray(chosen) ? (chosen as Resource[]) : [chosen as Resource]).map(nameOf).join(", ");
  }
  if (input.kind === "component" && input.written !== undefined) return input.written(value, texts);
  return filledText(input, value, texts);
}

function FilledGroup({ input, value, context, texts }: FilledProps) {
  const items = (value as Record<string, unknown>[] | undefined) ?? [];
  if (input.kind !== "group" || items.length === 0) return "–";
  return items.map((item, index) => (
    <div key={index}>
      {input.fields
        .filter((field) => item[field.name] !== undefined && item[field.name] !== "")
        .map((field, place) => (
          <span key={field.name}>
            {place > 0 ? ", " : ""}
            <FilledValue input={field} value={item[field.name]} context={{ ...context, ...item }} texts={texts} />
          </span>
        ))}
    </div>
  ));
}

function filledText(input: InputManifest, value: unknown, texts: Texts): string {
  if (input.kind === "switch") return texts.text(value === true ? "yes" : "no");
  if (isSecret(input)) return DOTS;
  if (input.kind === "choice" && typeof value === "string") return texts.state(input.name, value);
  const text = formatValue("number", value, texts.language);
  return input.kind === "number" && input.unit !== undefined ? `${text} ${input.unit}` : text;
}
