/** Registers a program as a resource provider and shows its access key, once. */
import { Button, Card, Field, Input, makeStyles, Textarea } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { Secret } from "@/pages/webhooks/Secret";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";

const LIST = "/resource-providers";

const useStyles = makeStyles({
  card: { maxWidth: "640px", padding: "20px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px", flexWrap: "wrap" },
});

export default function RegisterPage() {
  const styles = useStyles();
  const { t } = useTranslation("resource_providers");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [draft, setDraft] = useState({ name: "", url: "https://", certificates: "" });
  usePageTitle(t("create.title"));
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
      <>
        <h1>{made.title}</h1>
        <Card className={styles.card}>
          <div className={styles.form}>
            <Secret secret={made.access_key} title={t("key.title")} once={t("key.once")} />
            <div className={styles.buttons}>
              <Button appearance="primary" onClick={() => void navigate({ to: `${LIST}/${made.id}` })}>
                {t("create.look")}
              </Button>
              <Button onClick={() => void navigate({ to: "/plans/new" })}>{t("create.plan")}</Button>
            </div>
          </div>
        </Card>
      </>
    );
  }
  return (
    <>
      <h1>{t("create.title")}</h1>
      <Card className={styles.card}>
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            register.mutate();
          }}
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
          <ProblemMessage error={register.error} />
          <div className={styles.buttons}>
            <Button type="submit" appearance="primary" disabled={draft.name.trim() === "" || register.isPending}>
              {t("create.button")}
            </Button>
            <Button onClick={() => void navigate({ to: LIST })}>{t("create.cancel")}</Button>
          </div>
        </form>
      </Card>
    </>
  );
}
