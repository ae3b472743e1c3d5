/** Makes an API token for a program's account and shows it, once. */
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
  MessageBar,
  MessageBarBody,
  tokens,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import { CopyButton } from "@/manifest/FieldValue";
import type { DialogProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({
  content: { display: "flex", flexDirection: "column", gap: "16px" },
  token: { display: "flex", gap: "8px", fontFamily: tokens.fontFamilyMonospace, overflowWrap: "anywhere" },
});

export default function NewTokenDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("service_accounts");
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const make = useMutation({
    mutationFn: async () => {
      const path = `${fillPath(manifest.paths.item ?? "", resource)}/api-tokens`;
      return (await call<{ token: string }>("POST", path, { body: { name: name.trim() } })).body;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("api_token") }),
  });
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("actions.token.title")}</DialogTitle>
          <DialogContent className={styles.content} aria-live="polite">
            {make.data === undefined ? (
              <Field label={t("tokens.name")} hint={t("tokens.name_help")} required>
                <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
              </Field>
            ) : (
              <>
                <MessageBar intent="warning" layout="multiline">
                  <MessageBarBody>{t("tokens.once")}</MessageBarBody>
                </MessageBar>
                <div className={styles.token} role="group" aria-label={t("tokens.token")}>
                  <span>{make.data.token}</span>
                  <CopyButton text={make.data.token} />
                </div>
              </>
            )}
            <ProblemMessage error={make.error} />
          </DialogContent>
          <DialogActions>
            <Button onClick={() => onClose()}>{t("tokens.close")}</Button>
            {make.data === undefined ? (
              <Button
                appearance="primary"
                disabled={name.trim() === "" || make.isPending}
                onClick={() => make.mutate()}
              >
                {t("tokens.make")}
              </Button>
            ) : null}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
