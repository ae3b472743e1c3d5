/** Gives what is sent something signed another secret and shows it, once. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  makeStyles,
  Select,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { Secret } from "./Secret";

const OVERLAPS_HOURS = [0, 1, 24, 168];
const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export default function RotateSecretDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("webhooks");
  const cache = useQueryClient();
  const [hours, setHours] = useState("24");
  const rotate = useMutation({
    mutationFn: async () => {
      const path = `${fillPath(manifest.paths.item ?? "", resource)}/rotate-secret`;
      return (await call<{ secret: string }>("POST", path, { body: { overlap_hours: Number(hours) } })).body;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type(manifest.type) }),
  });
  const close = () => {
    onClose();
  };
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("actions.rotate_secret.title")}</DialogTitle>
          <DialogContent className={styles.content}>
            {rotate.data === undefined ? (
              <Field label={t("secret.overlap")} hint={t("secret.overlap_help")}>
                <Select value={hours} onChange={(_, data) => setHours(data.value)}>
                  {OVERLAPS_HOURS.map((count) => (
                    <option key={count} value={count}>
                      {t("secret.hours", { count })}
                    </option>
                  ))}
                </Select>
              </Field>
            ) : (
              <Secret secret={rotate.data.secret} />
            )}
            <ProblemMessage error={rotate.error} />
          </DialogContent>
          <DialogActions>
            {rotate.data === undefined ? (
              <>
                <Button onClick={close}>{t("secret.cancel")}</Button>
                <Button
                  appearance="primary"
                  disabled={rotate.isPending}
                  onClick={() => {
                    rotate.mutate();
                  }}
                >
                  {t("actions.rotate_secret.title")}
                </Button>
              </>
            ) : (
              <Button appearance="primary" onClick={close}>
                {t("secret.done")}
              </Button>
            )}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
