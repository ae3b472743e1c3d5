/** Gives a program another access key and shows it, once. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { Secret } from "@/pages/webhooks/Secret";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export default function RotateKeysDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("resource_providers");
  const cache = useQueryClient();
  const rotate = useMutation({
    mutationFn: async () => {
      const path = `${fillPath(manifest.paths.item ?? "", resource)}/rotate-keys`;
      return (await call<AdminSchemas["NewResourceProviderView"]>("POST", path)).body;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type(manifest.type) }),
  });
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("actions.rotate_keys.title")}</DialogTitle>
          <DialogContent className={styles.content}>
            {rotate.data === undefined ? (
              <span>{t("key.rotate")}</span>
            ) : (
              <Secret secret={rotate.data.access_key} title={t("key.title")} once={t("key.once")} />
            )}
            <ProblemMessage error={rotate.error} />
          </DialogContent>
          <DialogActions>
            <Button onClick={() => onClose()}>{t(rotate.data === undefined ? "create.cancel" : "close")}</Button>
            {rotate.data === undefined ? (
              <Button appearance="primary" disabled={rotate.isPending} onClick={() => rotate.mutate()}>
                {t("actions.rotate_keys.title")}
              </Button>
            ) : null}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
