/** Makes a resource, step by step, and shows before it does what it will take and which calls would do the same. */
import { Button, makeStyles, Spinner, Tab, TabList, tokens } from "@fluentui/react-components";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { fieldErrors, problemOf } from "@/api/problem";
import { call, fillPath } from "@/api/transport";
import type { Resource } from "@/api/wire";
import { useNotifications } from "@/shell/notifications";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { itemAddress, listAddress } from "./addresses";
import { FormFields } from "./FormFields";
import { QuotaTable, useQuotaChanges } from "./QuotaTable";
import { useTexts } from "./texts";
import type { CreateManifest, ResourceManifest } from "./types";
import { useForm } from "./useForm";
import { bodyOf } from "./validation";
import { WizardReview } from "./WizardReview";

const REVIEW = "review";

const useStyles = makeStyles({
  title: { margin: "0 0 4px", fontSize: tokens.fontSizeBase600, fontWeight: tokens.fontWeightSemibold },
  steps: { margin: "0 -10px 12px", flexWrap: "wrap" },
  columns: {
    display: "grid",
    gridTemplateColumns: "minmax(0, 1fr) minmax(220px, 320px)",
    gap: "32px",
    "@media (max-width: 960px)": { gridTemplateColumns: "minmax(0, 1fr)" },
  },
  card: {
    padding: "16px",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    minWidth: 0,
  },
  side: { alignSelf: "start", ":empty": { display: "none" } },
  help: { margin: "0 0 16px", color: tokens.colorNeutralForeground2 },
  quotaTitle: { margin: "0 0 12px", fontSize: tokens.fontSizeBase300 },
  buttons: { display: "flex", flexWrap: "wrap", gap: "8px", paddingTop: "16px" },
  problem: { marginTop: "16px" },
});

export interface WizardPageProps {
  manifest: ResourceManifest;
  create: CreateManifest;
  values: Readonly<Record<string, unknown>>;
}

export function WizardPage({ manifest, create, values }: WizardPageProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const texts = useTexts(manifest);
  const navigate = useNavigate();
  const { follow, tell } = useNotifications();
  const inputs = create.steps.flatMap((step) => step.fields);
  const form = useForm(inputs, create.bodySchema);
  const [current, setCurrent] = useState(create.steps[0]?.id ?? REVIEW);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const title = texts.text("create.title");
  usePageTitle(title);
  const place = create.steps.findIndex((step) => step.id === current);
  const step = create.steps[place];
  const wrongSteps = create.steps.filter((one) => one.fields.some((input) => isWrong(form.faults, input.name)));
  const subscription = values["subscription_id"];
  const subscriptionId = typeof subscription === "string" ? subscription : null;
  const quota = { effects: create.quota ?? [], subscriptionId, values: form.values, chosen: form.chosen };
  const changes = useQuotaChanges(quota);
  const body = create.toBody?.(form.values) ?? bodyOf(inputs, form.values);
  const path = fillPath(create.path, { ...values, ...form.values });
  const goTo = (id: string) => {
    setError(null);
    setCurrent(id);
  };
  const goOn = () => {
    if (step !== undefined && !form.check(step.fields)) return;
    goTo(create.steps[place + 1]?.id ?? REVIEW);
  };
  const submit = () => {
    setBusy(true);
    setError(null);
    call<Resource>(create.method ?? "POST", path, { body })
      .then(({ body: made, operationId }) => {
        follow(operationId);
        if (operationId === null)
          tell(t("create.done", { what: texts.singular, name: made.name ?? "" }), undefined, "success");
        const linked = manifest.paths.item !== undefined;
        void navigate({
          to: linked ? itemAddress(manifest, { ...values, ...made }) : listAddress(manifest, subscriptionId),
        });
      })
      .catch((reason: unknown) => {
        form.tellServer(reason);
        setError(reason);
        setBusy(false);
        const wrong = stepOf(create, Object.keys(fieldErrors(problemOf(reason))));
        if (wrong !== null) setCurrent(wrong);
      });
  };
  return (
    <>
      <h1 className={styles.title}>{title}</h1>
      <TabList
        className={styles.steps}
        selectedValue={current}
        onTabSelect={(_, data) => {
          if (step !== undefined) form.check(step.fields);
          goTo(String(data.value));
        }}
      >
        {create.steps.map((one, index) => (
          <Tab key={one.id} value={one.id}>
            {`${index + 1}. ${texts.text(`create.steps.${one.id}`)}`}
          </Tab>
        ))}
        <Tab value={REVIEW}>{t("create.review")}</Tab>
      </TabList>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (step === undefined) submit();
          else goOn();
        }}
      >
        <div className={styles.columns}>
          <section className={styles.card} aria-label={texts.text(`create.steps.${current}`)}>
            {step === undefined ? (
              <WizardReview
                manifest={manifest}
                create={create}
                texts={texts}
                form={form}
                body={body}
                path={path}
                context={values}
                wrongSteps={wrongSteps.map((one) => one.id)}
                onStep={goTo}
              />
            ) : (
              <>
                {texts.maybe(`create.steps.${step.id}_help`) === null ? null : (
                  <p className={styles.help}>{texts.text(`create.steps.${step.id}_help`)}</p>
                )}
                <FormFields
                  inputs={step.fields}
                  values={form.values}
                  onChange={form.change}
                  faults={form.shownFaults}
                  texts={texts}
                  context={values}
                  bounds={form.bounds}
                  onChosen={form.choose}
                />
              </>
            )}
          </section>
          {changes.length === 0 ? null : (
            <aside className={`${styles.card} ${styles.side}`}>
              <h2 className={styles.quotaTitle}>{t("quota.title")}</h2>
              <QuotaTable {...quota} />
            </aside>
          )}
        </div>
        <div className={styles.problem}>
          <ProblemMessage error={error} />
        </div>
        <div className={styles.buttons}>
          {place === 0 ? null : (
            <Button onClick={() => goTo(create.steps[place < 0 ? create.steps.length - 1 : place - 1]?.id ?? REVIEW)}>
              {t("create.back")}
            </Button>
          )}
          <Button
            appearance="primary"
            type="submit"
            disabled={busy || (step === undefined && wrongSteps.length > 0)}
            {...(busy ? { icon: <Spinner size="tiny" /> } : {})}
          >
            {step === undefined ? t("create.create") : t("create.next")}
          </Button>
          <Button onClick={() => void navigate({ to: listAddress(manifest, subscriptionId) })}>{t("cancel")}</Button>
        </div>
      </form>
    </>
  );
}

function isWrong(faults: Readonly<Record<string, string>>, name: string): boolean {
  return Object.keys(faults).some((path) => path === name || path.startsWith(`${name}[`));
}

/** The first step that has one of these fields; null when none has. */
function stepOf(create: CreateManifest, targets: readonly string[]): string | null {
  const names = new Set(targets.map((target) => target.replace(/[.[].*$/, "")));
  return create.steps.find((step) => step.fields.some((input) => names.has(input.name)))?.id ?? null;
}
