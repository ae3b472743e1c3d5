/** Registers a program as a resource provider and shows its access key, once. */
import { Button, Field, Input, Textarea } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { Secret } from "@/pages/webhooks/Secret";
import { FormPage, PageForm, PageOutcome } from "@/shell/FormPage";

const LIST = "/resource-providers";

export default function RegisterPage() {
  const { t } = useTranslation("resource_providers");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [draft, setDraft] = useState({ name: "", url: "https://", certificates: "" });
  const register = useMutation({
    mutationFn: async () => {
      const certificates = draft.certificates.trim();
      const body = {
        name: draft.name.trim(),
        url: draft.url.trim(),
        ca_certificates: certificates === "" ? null : certificates,
      };
      return (await call<AdminSchemas["NewResourceProviderView"]>("POST", LIST, { body })).body;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("resource_provider") }),
  });
  const change = (part: Partial<typeof draft>) => {
    setDraft({ ...draft, ...part });
  };
  const made = register.data;
  if (made !== undefined) {
    return (
      <FormPage title={made.title}>
        <PageOutcome
          buttons={
            <>
              <Button appearance="primary" onClick={() => void navigate({ to: `${LIST}/${made.id}` })}>
                {t("create.look")}
              </Button>
              <Button onClick={() => void navigate({ to: "/plans/new" })}>{t("create.plan")}</Button>
            </>
          }
        >
          <Secret secret={made.access_key} title={t("key.title")} once={t("key.once")} />
        </PageOutcome>
      </FormPage>
    );
  }
  return (
    <FormPage title={t("create.title")}>
      <PageForm
        submit={t("create.button")}
        ready={draft.name.trim() !== ""}
        sending={register.isPending}
        error={register.error}
        onSubmit={() => register.mutate()}
        cancel={t("create.cancel")}
        onCancel={() => void navigate({ to: LIST })}
      >
        <p>{t("create.help")}</p>
        <Field label={t("inputs.name.title")} hint={t("inputs.name.help")} required>
          <Input value={draft.name} maxLength={31} onChange={(_, data) => change({ name: data.value })} />
        </Field>
        <Field label={t("inputs.url.title")} hint={t("inputs.url.help")} required>
          <Input type="url" value={draft.url} maxLength={2000} onChange={(_, data) => change({ url: data.value })} />
        </Field>
        <Field label={t("inputs.ca_certificates.title")} hint={t("inputs.ca_certificates.help")}>
          <Textarea
            rows={4}
            value={draft.certificates}
            maxLength={65_536}
            onChange={(_, data) => change({ certificates: data.value })}
          />
        </Field>
      </PageForm>
    </FormPage>
  );
}
