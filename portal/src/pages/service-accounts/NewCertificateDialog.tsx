/** Registers a certificate for a program's account. */
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
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { CertificateFacts } from "@/pages/account/CertificateFacts";
import { CertificateField, certificateIn } from "@/pages/account/CertificateField";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export default function NewCertificateDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("client_certificates");
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const certificate = certificateIn(text);
  const add = useMutation({
    mutationFn: async () => {
      const path = `${fillPath(manifest.paths.item ?? "", resource)}/client-certificates`;
      const body = { certificate, name: name.trim() || null };
      return (await call<TenantSchemas["ClientCertificateView"]>("POST", path, { body })).body;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("client_certificate") }),
  });
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("create.title")}</DialogTitle>
          <DialogContent className={styles.content} aria-live="polite">
            {add.data === undefined ? (
              <>
                <CertificateField text={text} onChange={setText} />
                <Field label={t("new.name")} hint={t("new.name_help")}>
                  <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
                </Field>
              </>
            ) : (
              <CertificateFacts certificate={add.data} />
            )}
            <ProblemMessage error={add.error} />
          </DialogContent>
          <DialogActions>
            <Button onClick={() => onClose()}>{add.data === undefined ? t("new.cancel") : t("new.done")}</Button>
            {add.data === undefined ? (
              <Button
                appearance="primary"
                disabled={certificate === undefined || add.isPending}
                onClick={() => add.mutate()}
              >
                {t("new.add")}
              </Button>
            ) : null}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
