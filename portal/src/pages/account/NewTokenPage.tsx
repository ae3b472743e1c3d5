/** Makes an API token and shows it, once. */
import { Button, Field, Input, makeStyles } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { Secret } from "@/pages/webhooks/Secret";
import { FormPage, PageForm, PageOutcome } from "@/shell/FormPage";
import { CredentialLimits, useCredentialLimits } from "./CredentialLimits";

const useStyles = makeStyles({ narrow: { maxWidth: "520px" } });

export default function NewTokenPage() {
  const styles = useStyles();
  const { t } = useTranslation("api_tokens");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const limits = useCredentialLimits("30");
  const ready = name.trim() !== "" && limits.ready;
  const create = useMutation({
    mutationFn: async () => {
      const body = { name: name.trim(), ...limits.wish() };
      return (await tenantApi.POST("/api-tokens", { body })).data;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("api_token") }),
  });
  const back = () => void navigate({ to: "/api-tokens" });
  return (
    <FormPage title={t("create.title")} wide>
      {create.data === undefined ? (
        <PageForm
          submit={t("new.create")}
          ready={ready}
          sending={create.isPending}
          error={create.error}
          onSubmit={() => create.mutate()}
          cancel={t("new.cancel")}
          onCancel={back}
        >
          <Field className={styles.narrow} label={t("new.name")} hint={t("new.name_help")} required>
            <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
          </Field>
          <CredentialLimits limits={limits} longest={t("new.never")} expiryHelp={t("new.expires_help")} />
        </PageForm>
      ) : (
        <PageOutcome
          buttons={
            <Button appearance="primary" onClick={back}>
              {t("new.done")}
            </Button>
          }
        >
          <Secret secret={create.data.token} title={t("new.token")} once={t("new.once")} />
        </PageOutcome>
      )}
    </FormPage>
  );
}
