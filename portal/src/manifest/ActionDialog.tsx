/** Asks before something is done: what goes with it, its name to be typed, fields to fill in. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  makeStyles,
  Spinner,
} from "@fluentui/react-components";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Resource } from "@/api/wire";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { useNotifications } from "@/shell/notifications";
import { Affected } from "./Affected";
import { FormFields } from "./FormFields";
import { QuotaTable } from "./QuotaTable";
import { runAction } from "./runAction";
import { useTexts } from "./texts";
import type { ActionManifest, ResourceManifest } from "./types";
import { useForm } from "./useForm";
import { bodyOf } from "./validation";
import { nameOf, valueAt } from "./values";

const useStyles = makeStyles({
  content: { display: "flex", flexDirection: "column", gap: "16px" },
  text: { margin: 0 },
  danger: {
    backgroundColor: "#b10e1c",
    color: "#ffffff",
    ":hover": { backgroundColor: "#960b18", color: "#ffffff" },
    ":hover:active": { backgroundColor: "#7a0913", color: "#ffffff" },
  },
});

export interface ActionDialogProps {
  manifest: ResourceManifest;
  action: ActionManifest;
  resource: Resource;
  values: Readonly<Record<string, unknown>>;
  onClose: (done: boolean) => void;
}

export function ActionDialog(props: ActionDialogProps) {
  const { action, resource, manifest, onClose } = props;
  const { follow } = useNotifications();
  const loader = action.dialog ?? null;
  const Own = useMemo(() => (loader === null ? null : lazy(loader)), [loader]);
  if (Own === null) return <UsualDialog {...props} />;
  return (
    <Suspense fallback={null}>
      <Own
        resource={resource}
        manifest={manifest}
        values={props.values}
        onClose={(operationId) => {
          follow(operationId);
          onClose(operationId !== undefined);
        }}
      />
    </Suspense>
  );
}

function UsualDialog({ manifest, action, resource, values, onClose }: ActionDialogProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const texts = useTexts(manifest);
  const { follow } = useNotifications();
  const inputs = action.form ?? [];
  const start = Object.fromEntries(
    inputs.map((input) => [input.name, valueAt(resource, input.name)]).filter(([, value]) => value !== undefined),
  ) as Record<string, unknown>;
  const form = useForm(inputs, action.bodySchema, action.method === "PATCH" ? start : {});
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const name = nameOf(resource);
  const nameMissing = action.confirm?.typeName === true && typed !== name;
  const title = `${texts.text(`actions.${action.id}.title`)}: ${name}`;
  const submit = () => {
    if (nameMissing || !form.check(inputs)) return;
    setBusy(true);
    setError(null);
    runAction(action, resource, values, bodyOf(inputs, form.values))
      .then(({ operationId }) => {
        follow(operationId);
        onClose(true);
      })
      .catch((reason: unknown) => {
        setError(reason);
        form.tellServer(reason);
        setBusy(false);
      });
  };
  const sentence = texts.maybe(`actions.${action.id}.confirm`) ?? texts.maybe(`actions.${action.id}.help`);
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose(false))} modalType="modal">
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.content}>
              {sentence === null ? null : <p className={styles.text}>{sentence}</p>}
              {action.confirm?.affected?.map((related) => (
                <Affected key={related.type} related={related} resource={{ ...values, ...resource }} />
              ))}
              {inputs.length === 0 ? null : (
                <FormFields
                  inputs={inputs}
                  values={form.values}
                  onChange={form.change}
                  faults={form.shownFaults}
                  texts={texts}
                  context={{ ...values, ...resource }}
                  bounds={form.bounds}
                  onChosen={form.choose}
                />
              )}
              <QuotaTable
                effects={action.quota ?? []}
                subscriptionId={subscriptionOf(resource, values)}
                values={form.values}
                chosen={form.chosen}
              />
              {action.confirm?.typeName === true ? (
                <Field label={t("confirm.type_name", { name })}>
                  <Input value={typed} onChange={(_, data) => setTyped(data.value)} autoComplete="off" />
                </Field>
              ) : null}
              <ProblemMessage error={error} />
            </DialogContent>
            <DialogActions>
              <Button onClick={() => onClose(false)}>{t("cancel")}</Button>
              <Button
                type="submit"
                appearance="primary"
                className={action.danger === true && !nameMissing ? styles.danger : undefined}
                disabled={busy || nameMissing}
                {...(busy ? { icon: <Spinner size="tiny" /> } : {})}
              >
                {texts.text(`actions.${action.id}.title`)}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

export function subscriptionOf(resource: Resource, values: Readonly<Record<string, unknown>>): string | null {
  const id = resource["subscription_id"] ?? values["subscription_id"];
  return typeof id === "string" ? id : null;
}
