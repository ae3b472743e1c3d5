/** Registers a client certificate and shows what it says. */
import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { FormPage, PageForm, PageOutcome } from "@/shell/FormPage";
import { CertificateFacts } from "./CertificateFacts";
import { CertificateField, certificateIn } from "./CertificateField";
import { CredentialLimits, useCredentialLimits } from "./CredentialLimits";

const useStyles = makeStyles({ narrow: { maxWidth: "520px" } });

export default function NewCertificatePage() {
  const styles = useStyles();
  const { t } = useTranslation("client_certificates");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const limits = useCredentialLimits("");
  const certificate = certificateIn(text);
  const add = useMutation({
    mutationFn: async (wanted: string) => {
      const body = { certificate: wanted, name: name.trim() || null, ...limits.wish() };
      return (await tenantApi.POST("/client-certificates", { body })).data;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("client_certificate") }),
  });
  const back = () => void navigate({ to: "/client-certificates" });
  return (
    <FormPage title={t("create.title")} wide>
      {add.data === undefined ? (
        <PageForm
          submit={t("new.add")}
          ready={certificate !== undefined && limits.ready}
          sending={add.isPending}
          error={add.error}
          onSubmit={() => {
            if (certificate !== undefined) add.mutate(certificate);
          }}
          cancel={t("new.cancel")}
          onCancel={back}
        >
          <CertificateField text={text} onChange={setText} />
          <Field className={styles.narrow} label={t("new.name")} hint={t("new.name_help")}>
            <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
          </Field>
          <CredentialLimits limits={limits} longest={t("new.while_valid")} expiryHelp={t("new.expires_help")} />
        </PageForm>
      ) : (
        <PageOutcome
          buttons={
            <Button appearance="primary" onClick={back}>
              {t("new.done")}
            </Button>
          }
        >
          <MessageBar intent="success" layout="multiline">
            <MessageBarBody>{t("new.added")}</MessageBarBody>
          </MessageBar>
          <CertificateFacts certificate={add.data} />
        </PageOutcome>
      )}
    </FormPage>
  );
}
