/** Makes an API token and shows it, once. */
import { Button, Card, Field, Input, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { CopyButton } from "@/manifest/FieldValue";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { CredentialLimits, useCredentialLimits } from "./CredentialLimits";

const useStyles = makeStyles({
  card: { maxWidth: "1000px", padding: "20px" },
  narrow: { maxWidth: "520px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px" },
  token: {
    display: "flex",
    alignItems: "center",
    gap: "8px",
    padding: "8px 12px",
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    overflowWrap: "anywhere",
  },
});

export default function NewTokenPage() {
  const styles = useStyles();
  const { t } = useTranslation("api_tokens");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const limits = useCredentialLimits("30");
  usePageTitle(t("create.title"));
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
            <Field className={styles.narrow} label={t("new.name")} hint={t("new.name_help")} required>
              <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
            </Field>
            <CredentialLimits limits={limits} longest={t("new.never")} expiryHelp={t("new.expires_help")} />
            <ProblemMessage error={create.error} />
            <div className={styles.buttons}>
              <Button type="submit" appearance="primary" disabled={!ready || create.isPending}>
                {t("new.create")}
              </Button>
              <Button onClick={back}>{t("new.cancel")}</Button>
            </div>
          </form>
        ) : (
          <div className={styles.form} aria-live="polite">
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>{t("new.once")}</MessageBarBody>
            </MessageBar>
            <div className={styles.token} role="group" aria-label={t("new.token")}>
              <span>{create.data.token}</span>
              <CopyButton text={create.data.token} />
            </div>
            <div>
              <Button appearance="primary" onClick={back}>
                {t("new.done")}
              </Button>
            </div>
          </div>
        )}
      </Card>
    </>
  );
}
