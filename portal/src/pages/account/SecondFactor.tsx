/** One's own second factor: set up with a picture that is drawn here, asked for at sign-in, removed with a code. */
import {
  Button,
  Card,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Subtitle2,
  tokens,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { CopyButton } from "@/manifest/FieldValue";
import { ProblemMessage } from "@/shell/ProblemMessage";

const KEY = ["second-factor"];

const useStyles = makeStyles({
  card: { gap: "16px", padding: "20px", maxWidth: "520px", marginBottom: "20px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px", flexWrap: "wrap" },
  // Dark on light in both themes: not every device reads the opposite.
  picture: { width: "220px", height: "220px", backgroundColor: "#ffffff", color: "#000000" },
  codes: { display: "grid", gridTemplateColumns: "1fr 1fr", gap: "4px", margin: 0, padding: 0, listStyleType: "none" },
  code: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: "anywhere" },
});

export function SecondFactor({ hasPassword }: { hasPassword: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const state = useQuery({
    queryKey: KEY,
    queryFn: async () => (await tenantApi.GET("/accounts/me/second-factor")).data,
  });
  const [codes, setCodes] = useState<string[] | null>(null);
  const factor = state.data;
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">{t("factor.title")}</Subtitle2>
      <ProblemMessage error={state.error} onRetry={() => void state.refetch()} />
      {factor?.required === true && factor.confirmed_at === null ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{t("factor.required")}</MessageBarBody>
        </MessageBar>
      ) : null}
      {codes === null ? null : <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />}
      {factor === undefined ? null : factor.confirmed_at === null ? (
        <SetUp hasPassword={hasPassword} onCodes={setCodes} />
      ) : (
        <Manage left={factor.recovery_codes_left} onCodes={setCodes} />
      )}
    </Card>
  );
}

function SetUp({ hasPassword, onCodes }: { hasPassword: boolean; onCodes: (codes: string[]) => void }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const cache = useQueryClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const begin = useMutation({
    mutationFn: async () =>
      (
        await tenantApi.POST("/accounts/me/second-factor", {
          body: { current_password: hasPassword ? password : null },
        })
      ).data,
  });
  const confirm = useMutation({
    mutationFn: async () =>
      (await tenantApi.POST("/accounts/me/second-factor/confirm", { body: { code: code.trim() } })).data,
    onSuccess: async (made) => {
      onCodes(made?.recovery_codes ?? []);
      await cache.invalidateQueries({ queryKey: KEY });
      await cache.invalidateQueries({ queryKey: keys.me });
    },
  });
  if (begin.data === undefined)
    return (
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          begin.mutate();
        }}
      >
        {hasPassword ? (
          <Field label={t("password")} hint={t("factor.begin_help")} required>
            <Input
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={(_, data) => setPassword(data.value)}
            />
          </Field>
        ) : null}
        <ProblemMessage error={begin.error} />
        <div>
          <Button type="submit" appearance="primary" disabled={(hasPassword && password === "") || begin.isPending}>
            {t("factor.begin")}
          </Button>
        </div>
      </form>
    );
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate();
      }}
    >
      <span>{t("factor.scan")}</span>
      <Picture rows={begin.data.picture} label={t("factor.picture")} />
      <Field label={t("factor.secret")}>
        <div className={styles.buttons}>
          <span className={styles.code}>{begin.data.secret}</span>
          <CopyButton text={begin.data.secret} />
        </div>
      </Field>
      <Field label={t("factor.code")} hint={t("factor.code_help")} required>
        <Input
          name="code"
          autoComplete="one-time-code"
          maxLength={20}
          value={code}
          onChange={(_, data) => setCode(data.value)}
        />
      </Field>
      <ProblemMessage error={confirm.error} />
      <div>
        <Button type="submit" appearance="primary" disabled={code.trim().length < 6 || confirm.isPending}>
          {t("factor.confirm")}
        </Button>
      </div>
    </form>
  );
}

function Manage({ left, onCodes }: { left: number; onCodes: (codes: string[]) => void }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const cache = useQueryClient();
  const [code, setCode] = useState("");
  const done = async () => {
    setCode("");
    await cache.invalidateQueries({ queryKey: KEY });
  };
  const renew = useMutation({
    mutationFn: async () =>
      (await tenantApi.POST("/accounts/me/second-factor/recovery-codes", { body: { code: code.trim() } })).data,
    onSuccess: async (made) => {
      onCodes(made?.recovery_codes ?? []);
      await done();
    },
  });
  const remove = useMutation({
    mutationFn: () => tenantApi.POST("/accounts/me/second-factor/remove", { body: { code: code.trim() } }),
    onSuccess: done,
  });
  const busy = code.trim().length < 6 || renew.isPending || remove.isPending;
  return (
    <div className={styles.form}>
      <span>{t("factor.on", { count: left })}</span>
      <Field label={t("factor.code")} hint={t("factor.code_help")}>
        <Input
          name="code"
          autoComplete="one-time-code"
          maxLength={20}
          value={code}
          onChange={(_, data) => setCode(data.value)}
        />
      </Field>
      <ProblemMessage error={renew.error ?? remove.error} />
      <div className={styles.buttons}>
        <Button disabled={busy} onClick={() => renew.mutate()}>
          {t("factor.renew")}
        </Button>
        <Button disabled={busy} onClick={() => remove.mutate()}>
          {t("factor.remove")}
        </Button>
      </div>
    </div>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  return (
    <div className={styles.form} aria-live="polite">
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>{t("factor.codes")}</MessageBarBody>
      </MessageBar>
      <ul className={styles.codes} aria-label={t("factor.codes_title")}>
        {codes.map((code) => (
          <li key={code} className={styles.code}>
            {code}
          </li>
        ))}
      </ul>
      <div className={styles.buttons}>
        <CopyButton text={codes.join("\n")} />
        <Button appearance="primary" onClick={onDone}>
          {t("factor.kept")}
        </Button>
      </div>
    </div>
  );
}

/** A QR code as one path: a square for each dark module. Nothing is asked of anybody for it. */
function Picture({ rows, label }: { rows: string[]; label: string }) {
  const styles = useStyles();
  const path = rows
    .flatMap((row, y) => Array.from(row, (module, x) => (module === "1" ? `M${x} ${y}h1v1h-1z` : "")))
    .join("");
  return (
    <svg
      className={styles.picture}
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <path d={path} fill="currentColor" />
    </svg>
  );
}
