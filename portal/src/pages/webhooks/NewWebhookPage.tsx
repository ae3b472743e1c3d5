/** Makes a webhook and shows its secret, once. */
import { Button, Card, Field, Input, makeStyles, Textarea } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { Secret } from "./Secret";

const useStyles = makeStyles({
  card: { maxWidth: "560px", padding: "20px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px" },
});

export default function NewWebhookPage() {
  const styles = useStyles();
  const { t } = useTranslation("webhooks");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const { subscriptionId }: { subscriptionId?: string } = useParams({ strict: false });
  const [draft, setDraft] = useState({ name: "", url: "https://", kinds: "*", filter: "" });
  usePageTitle(t("create.title"));
  const list = subscriptionId === undefined ? "/webhooks" : `/subscriptions/${subscriptionId}/webhooks`;
  const create = useMutation({
    mutationFn: async () => {
      const kinds = draft.kinds.split(/[\s,]+/).filter((kind) => kind !== "");
      const filter = draft.filter.trim();
      const body = { name: draft.name.trim(), url: draft.url.trim(), kinds, filter: filter === "" ? null : filter };
      return (await call<{ secret: string }>("POST", list, { body })).body;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("webhook") }),
  });
  const back = () => void navigate({ to: list });
  const change = (part: Partial<typeof draft>) => {
    setDraft({ ...draft, ...part });
  };
  return (
    <>
      <h1>{t("create.title")}</h1>
      <Card className={styles.card}>
        {create.data === undefined ? (
          <form
            className={styles.form}
            onSubmit={(event) => {
              event.preventDefault();
              create.mutate();
            }}
          >
            <Field label={t("inputs.name.title")} required>
              <Input value={draft.name} maxLength={100} onChange={(_, data) => change({ name: data.value })} />
            </Field>
            <Field label={t("inputs.url.title")} hint={t("inputs.url.help")} required>
              <Input
                type="url"
                value={draft.url}
                maxLength={2000}
                onChange={(_, data) => change({ url: data.value })}
              />
            </Field>
            <Field label={t("inputs.kinds.title")} hint={t("inputs.kinds.help")} required>
              <Textarea rows={3} value={draft.kinds} onChange={(_, data) => change({ kinds: data.value })} />
            </Field>
            <Field label={t("inputs.filter.title")} hint={t("inputs.filter.help")}>
              <Input value={draft.filter} maxLength={2000} onChange={(_, data) => change({ filter: data.value })} />
            </Field>
            <ProblemMessage error={create.error} />
            <div className={styles.buttons}>
              <Button type="submit" appearance="primary" disabled={draft.name.trim() === "" || create.isPending}>
                {t("create.button")}
              </Button>
              <Button onClick={back}>{t("secret.cancel")}</Button>
            </div>
          </form>
        ) : (
          <div className={styles.form}>
            <Secret secret={create.data.secret} />
            <div>
              <Button appearance="primary" onClick={back}>
                {t("secret.done")}
              </Button>
            </div>
          </div>
        )}
      </Card>
    </>
  );
}
