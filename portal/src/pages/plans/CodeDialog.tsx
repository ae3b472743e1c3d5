/** A plan's invitation code: made or typed, set, and shown this once; or taken away. */
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
import { call } from "@/api/transport";
import { CopyButton } from "@/manifest/FieldValue";
import type { DialogProps } from "@/manifest/types";
import { nameOf } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { newCode } from "./codes";

const LEAST = 4;

const useStyles = makeStyles({
  content: { display: "flex", flexDirection: "column", gap: "16px" },
  text: { margin: 0 },
  code: {
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

export default function CodeDialog({ resource, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation(["offer_designer", "frame"]);
  const cache = useQueryClient();
  const [code, setCode] = useState(newCode);
  const needed = resource["needs_invitation_code"] === true;
  const set = useMutation({
    mutationFn: async (invitation_code: string | null) => {
      await call<unknown>("PATCH", `/plans/${resource.id}`, { body: { invitation_code } });
      return invitation_code;
    },
    onSuccess: async (now) => {
      await cache.invalidateQueries({ queryKey: keys.type("plan") });
      if (now === null) onClose(null);
    },
  });
  const shown = set.data ?? null;
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (shown === null && code.length >= LEAST) set.mutate(code);
          }}
        >
          <DialogBody>
            <DialogTitle>{t("code_title", { name: nameOf(resource) })}</DialogTitle>
            <DialogContent className={styles.content}>
              {shown === null ? (
                <>
                  <p className={styles.text}>{t(needed ? "code_renews" : "code_begins")}</p>
                  <Field label={t("code")} hint={t("code_bounds", { minimum: LEAST })} required>
                    <Input
                      value={code}
                      maxLength={100}
                      autoComplete="off"
                      spellCheck={false}
                      onChange={(_, data) => setCode(data.value)}
                    />
                  </Field>
                </>
              ) : (
                <>
                  <MessageBar intent="warning" layout="multiline">
                    <MessageBarBody>{t("code_once")}</MessageBarBody>
                  </MessageBar>
                  <div className={styles.code} role="group" aria-label={t("code")}>
                    <span>{shown}</span>
                    <CopyButton text={shown} />
                  </div>
                </>
              )}
              <ProblemMessage error={set.error} />
            </DialogContent>
            {shown === null ? (
              <DialogActions>
                <Button onClick={() => onClose()}>{t("frame:cancel")}</Button>
                {needed ? (
                  <Button disabled={set.isPending} onClick={() => set.mutate(null)}>
                    {t("code_remove")}
                  </Button>
                ) : null}
                <Button type="submit" appearance="primary" disabledFocusable={code.length < LEAST || set.isPending}>
                  {t(needed ? "code_renew" : "code_set")}
                </Button>
              </DialogActions>
            ) : (
              <DialogActions>
                <Button appearance="primary" onClick={() => onClose(null)}>
                  {t("code_done")}
                </Button>
              </DialogActions>
            )}
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
