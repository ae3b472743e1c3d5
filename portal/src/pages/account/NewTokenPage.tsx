/** Makes an API token and shows it, once. */
import {
  Button,
  Card,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Select,
  tokens,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { CopyButton } from "@/manifest/FieldValue";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";

const LIFETIMES_DAYS = [30, 90, 365];
const DAY_MS = 86_400_000;

const useStyles = makeStyles({
  card: { maxWidth: "560px", padding: "20px" },
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
  const [days, setDays] = useState(String(LIFETIMES_DAYS[1]));
  usePageTitle(t("create.title"));
  const create = useMutation({
    mutationFn: async () => {
      const expires_at = days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      return (await tenantApi.POST("/api-tokens", { body: { name: name.trim(), expires_at } })).data;
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
            <Field label={t("new.name")} hint={t("new.name_help")} required>
              <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
            </Field>
            <Field label={t("new.expires")} hint={t("new.expires_help")}>
              <Select value={days} onChange={(_, data) => setDays(data.value)}>
                {LIFETIMES_DAYS.map((count) => (
                  <option key={count} value={count}>
                    {t("new.days", { count })}
                  </option>
                ))}
                <option value="">{t("new.never")}</option>
              </Select>
            </Field>
            <ProblemMessage error={create.error} />
            <div className={styles.buttons}>
              <Button type="submit" appearance="primary" disabled={name.trim() === "" || create.isPending}>
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
