/** Uploads an image's content, with progress; goes on by itself when the connection comes back. */
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
  ProgressBar,
} from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import type { DialogProps } from "@/manifest/types";
import { formatBytes } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { contentPath, upload, type UploadProgress } from "./upload";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export default function UploadDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("images");
  const cache = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stopping = useRef<AbortController | null>(null);
  useEffect(() => () => stopping.current?.abort(), []);

  const send = async () => {
    if (file === null) return;
    setError(null);
    const controller = new AbortController();
    stopping.current = controller;
    const path = `${contentPath(manifest.paths.item ?? "", resource)}/content`;
    try {
      await upload(path, file, setProgress, controller.signal);
      await cache.invalidateQueries({ queryKey: keys.type(manifest.type) });
      onClose();
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure);
    } finally {
      if (!controller.signal.aborted) setProgress(null);
    }
  };
  const busy = progress !== null;
  const share = progress === null || progress.size === 0 ? 0 : progress.sent / progress.size;
  return (
    <Dialog open modalType={busy ? "alert" : "modal"} onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("upload.title", { name: resource.name })}</DialogTitle>
          <DialogContent className={styles.content}>
            <Field label={t("upload.file")} hint={t("upload.help")}>
              <input
                type="file"
                accept=".qcow2,.img,.iso"
                disabled={busy}
                onChange={(event) => setFile(event.target.files?.[0] ?? null)}
              />
            </Field>
            {progress === null ? null : (
              <Field
                label={t(progress.waiting ? "upload.waiting" : "upload.sending", {
                  sent: formatBytes(progress.sent, i18n.language),
                  size: formatBytes(progress.size, i18n.language),
                })}
              >
                <ProgressBar value={share} thickness="large" />
              </Field>
            )}
            <ProblemMessage error={error} />
          </DialogContent>
          <DialogActions>
            <Button
              onClick={() => {
                stopping.current?.abort();
                onClose();
              }}
            >
              {t(busy ? "upload.pause" : "upload.cancel")}
            </Button>
            <Button appearance="primary" disabled={file === null || busy} onClick={() => void send()}>
              {t("upload.start")}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
