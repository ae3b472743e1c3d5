/** Makes a webhook and shows its secret, once. */
import { Button, Field, Input, Textarea } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { FormPage, PageForm, PageOutcome } from "@/shell/FormPage";
import { Secret } from "./Secret";

export default function NewWebhookPage() {
  const { t } = useTranslation("webhooks");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const { subscriptionId }: { subscriptionId?: string } = useParams({ strict: false });
  const [draft, setDraft] = useState({ name: "", url: "https://", kinds: "*", filter: "" });
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
    <FormPage title={t("create.title")}>
      {create.data === undefined ? (
        <PageForm
          submit={t("create.button")}
          ready={draft.name.trim() !== ""}
          sending={create.isPending}
          error={create.error}
          onSubmit={() => create.mutate()}
          cancel={t("secret.cancel")}
          onCancel={back}
        >
          <Field label={t("inputs.name.title")} required>
            <Input value={draft.name} maxLength={100} onChange={(_, data) => change({ name: data.value })} />
          </Field>
          <Field label={t("inputs.url.title")} hint={t("inputs.url.help")} required>
            <Input type="url" value={draft.url} maxLength={2000} onChange={(_, data) => change({ url: data.value })} />
          </Field>
          <Field label={t("inputs.kinds.title")} hint={t("inputs.kinds.help")} required>
            <Textarea rows={3} value={draft.kinds} onChange={(_, data) => change({ kinds: data.value })} />
          </Field>
          <Field label={t("inputs.filter.title")} hint={t("inputs.filter.help")}>
            <Input value={draft.filter} maxLength={2000} onChange={(_, data) => change({ filter: data.value })} />
          </Field>
        </PageForm>
      ) : (
        <PageOutcome
          buttons={
            <Button appearance="primary" onClick={back}>
              {t("secret.done")}
            </Button>
          }
        >
          <Secret secret={create.data.secret} />
        </PageOutcome>
      )}
    </FormPage>
  );
}
