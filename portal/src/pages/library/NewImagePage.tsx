/** Makes an image of one's own and uploads its content, in one go. */
import {
  Button,
  Card,
  Field,
  Input,
  makeStyles,
  ProgressBar,
  Radio,
  RadioGroup,
  SpinButton,
  Textarea,
} from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { formatBytes } from "@/manifest/values";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { contentPath, upload, type UploadProgress } from "./upload";

const useStyles = makeStyles({
  card: { maxWidth: "560px", padding: "20px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px", flexWrap: "wrap" },
});

interface Draft {
  name: string;
  description: string;
  kind: "disk" | "iso";
  minimumMemoryMib: number;
}

export default function NewImagePage() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("images");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const { subscriptionId = "" }: { subscriptionId?: string } = useParams({ strict: false });
  const [draft, setDraft] = useState<Draft>({ name: "", description: "", kind: "disk", minimumMemoryMib: 128 });
  const [file, setFile] = useState<File | null>(null);
  const [imageId, setImageId] = useState<string | null>(null);
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stopping = useRef<AbortController | null>(null);
  usePageTitle(t("create.title"));
  useEffect(() => () => stopping.current?.abort(), []);
  const list = `/subscriptions/${subscriptionId}/images`;

  const make = async (content: File): Promise<string> => {
    const answer = await tenantApi.POST("/subscriptions/{subscription_id}/images", {
      params: { path: { subscription_id: subscriptionId } },
      body: {
        name: draft.name.trim(),
        description: draft.description.trim(),
        kind: draft.kind,
        default_user: "root",
        minimum_memory_mib: draft.minimumMemoryMib,
        minimum_disk_gib: 1,
        size_bytes: content.size,
      },
    });
    return answer.data?.id ?? "";
  };

  const send = async () => {
    if (file === null) return;
    setError(null);
    const controller = new AbortController();
    stopping.current = controller;
    setProgress({ sent: 0, size: file.size, waiting: false });
    try {
      // An upload that was stopped goes on with the image it was for.
      const id = imageId ?? (await make(file));
      setImageId(id);
      const path = contentPath("/subscriptions/{subscription_id}/images/{id}/content", {
        subscription_id: subscriptionId,
        id,
      });
      await upload(path, file, setProgress, controller.signal);
      await cache.invalidateQueries({ queryKey: keys.type("image") });
      await navigate({ to: `${list}/${id}` });
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure);
    } finally {
      setProgress(null);
    }
  };

  const busy = progress !== null;
  const fixed = busy || imageId !== null;
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  return (
    <>
      <h1>{t("create.title")}</h1>
      <Card className={styles.card}>
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <Field label={t("upload.file")} hint={t("upload.help")} required>
            <input
              type="file"
              accept=".qcow2,.img,.iso"
              disabled={busy}
              onChange={(event) => {
                const chosen = event.target.files?.[0] ?? null;
                setFile(chosen);
                if (chosen?.name.endsWith(".iso") === true) change({ kind: "iso" });
                if (chosen !== null && draft.name === "") change({ name: chosen.name.replace(/\.\w+$/, "") });
              }}
            />
          </Field>
          <Field label={t("inputs.name.title")} hint={t("inputs.name.help")} required>
            <Input
              value={draft.name}
              maxLength={100}
              disabled={fixed}
              onChange={(_, data) => change({ name: data.value })}
            />
          </Field>
          <Field label={t("inputs.kind.title")} hint={t("inputs.kind.help")}>
            <RadioGroup
              layout="horizontal"
              value={draft.kind}
              disabled={fixed}
              onChange={(_, data) => change({ kind: data.value === "iso" ? "iso" : "disk" })}
            >
              <Radio value="disk" label={t("values.kind.disk")} />
              <Radio value="iso" label={t("values.kind.iso")} />
            </RadioGroup>
          </Field>
          <Field label={t("inputs.minimum_memory_mib.title")} hint={t("inputs.minimum_memory_mib.help")}>
            <SpinButton
              value={draft.minimumMemoryMib}
              min={16}
              max={16_777_216}
              step={128}
              disabled={fixed}
              onChange={(_, data) => {
                const wanted = data.value ?? Number(data.displayValue);
                if (Number.isInteger(wanted) && wanted >= 16) change({ minimumMemoryMib: wanted });
              }}
            />
          </Field>
          <Field label={t("inputs.description.title")} hint={t("upload.own_description")}>
            <Textarea
              value={draft.description}
              maxLength={1000}
              disabled={fixed}
              onChange={(_, data) => change({ description: data.value })}
            />
          </Field>
          {progress === null ? null : (
            <Field
              label={t(progress.waiting ? "upload.waiting" : "upload.sending", {
                sent: formatBytes(progress.sent, i18n.language),
                size: formatBytes(progress.size, i18n.language),
              })}
            >
              <ProgressBar value={progress.size === 0 ? 0 : progress.sent / progress.size} thickness="large" />
            </Field>
          )}
          <ProblemMessage error={error} />
          <div className={styles.buttons}>
            <Button type="submit" appearance="primary" disabled={file === null || draft.name.trim() === "" || busy}>
              {t("upload.start")}
            </Button>
            <Button
              onClick={() => {
                if (busy) stopping.current?.abort();
                else void navigate({ to: list });
              }}
            >
              {t(busy ? "upload.pause" : "upload.cancel")}
            </Button>
          </div>
        </form>
      </Card>
    </>
  );
}
