/** Registers a client certificate and shows what it says. */
import { Button, Card, Field, Input, makeStyles, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { CertificateFacts } from "./CertificateFacts";
import { CertificateField, certificateIn } from "./CertificateField";
import { CredentialLimits, useCredentialLimits } from "./CredentialLimits";

const useStyles = makeStyles({
  card: { maxWidth: "1000px", padding: "20px" },
  narrow: { maxWidth: "520px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px" },
});

export default function NewCertificatePage() {
  const styles = useStyles();
  const { t } = useTranslation("client_certificates");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const limits = useCredentialLimits("");
  const certificate = certificateIn(text);
  usePageTitle(t("create.title"));
  const add = useMutation({
    mutationFn: async (wanted: string) => {
      const body = { certificate: wanted, name: name.trim() || null, ...limits.wish() };
      return (await tenantApi.POST("/client-certificates", { body })).data;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("client_certificate") }),
  });
  const back = () => void navigate({ to: "/client-certificates" });
  return (
    <>
      <h1>{t("create.title")}</h1>
      <Card className={styles.card}>
        {add.data === undefined ? (
          <form
            className={styles.form}
            onSubmit={(event) => {
              event.preventDefault();
              if (certificate !== undefined) add.mutate(certificate);
            }}
          >
            <CertificateField text={text} onChange={setText} />
            <Field className={styles.narrow} label={t("new.name")} hint={t("new.name_help")}>
              <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
            </Field>
            <CredentialLimits limits={limits} longest={t("new.while_valid")} expiryHelp={t("new.expires_help")} />
            <ProblemMessage error={add.error} />
            <div className={styles.buttons}>
              <Button
                type="submit"
                appearance="primary"
                disabled={certificate === undefined || !limits.ready || add.isPending}
              >
                {t("new.add")}
              </Button>
              <Button onClick={back}>{t("new.cancel")}</Button>
            </div>
          </form>
        ) : (
          <div className={styles.form} aria-live="polite">
            <MessageBar intent="success" layout="multiline">
              <MessageBarBody>{t("new.added")}</MessageBarBody>
            </MessageBar>
            <CertificateFacts certificate={add.data} />
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
