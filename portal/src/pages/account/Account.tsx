/** One's own account: name and password. */
import {
  Button,
  Card,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Subtitle2,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { useMe, type Me } from "@/session/session";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";

import { LinkedIdentities } from "./LinkedIdentities";
import { SecondFactor } from "./SecondFactor";

const SHORTEST_PASSWORD = 10;

const useStyles = makeStyles({
  card: { gap: "16px", padding: "20px", maxWidth: "520px", marginBottom: "20px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
});

export default function Account() {
  const { t } = useTranslation("account");
  const me = useMe();
  usePageTitle(t("title"));
  return (
    <>
      <h1>{t("title")}</h1>
      <ProblemMessage error={me.error} onRetry={() => void me.refetch()} />
      {me.data === undefined ? null : <Profile me={me.data} />}
      {me.data === undefined ? null : <Address me={me.data} />}
      <Password />
      {me.data?.acting_for ? null : <SecondFactor hasPassword={me.data?.has_password !== false} />}
      {me.data === undefined || me.data.acting_for ? null : (
        <LinkedIdentities hasPassword={me.data.has_password !== false} />
      )}
    </>
  );
}

function Profile({ me }: { me: Me }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const cache = useQueryClient();
  const [name, setName] = useState(me.name);
  const rename = useMutation({
    mutationFn: () => tenantApi.PATCH("/accounts/me", { body: { name: name.trim() } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.me }),
  });
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">{t("profile")}</Subtitle2>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate();
        }}
      >
        <Field label={t("name")} hint={t("name_help")} required>
          <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
        </Field>
        <Outcome done={rename.isSuccess && name.trim() === me.name} text={t("saved")} error={rename.error} />
        <div>
          <Button
            type="submit"
            appearance="primary"
            disabled={name.trim() === "" || name.trim() === me.name || rename.isPending}
          >
            {t("save")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Address({ me }: { me: Me }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const again = useMutation({ mutationFn: () => tenantApi.POST("/accounts/me/address-verification") });
  const change = useMutation({
    mutationFn: () =>
      tenantApi.POST("/accounts/me/email", { body: { email: email.trim(), current_password: password } }),
    onSuccess: () => {
      setEmail("");
      setPassword("");
    },
  });
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">{t("email_title")}</Subtitle2>
      <Field label={t("email")} hint={me.verified_at === null ? t("unverified") : ""}>
        <Input value={me.email} readOnly />
      </Field>
      {me.verified_at === null ? (
        <div>
          <Button disabled={again.isPending} onClick={() => again.mutate()}>
            {t("send_again")}
          </Button>
        </div>
      ) : null}
      <Outcome done={again.isSuccess} text={t("sent")} error={again.error} />
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Field label={t("new_email")} hint={t("new_email_help")} required>
          <Input type="email" autoComplete="off" value={email} onChange={(_, data) => setEmail(data.value)} />
        </Field>
        <Field label={t("password")} required>
          <Input
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(_, data) => setPassword(data.value)}
          />
        </Field>
        <Outcome done={change.isSuccess} text={t("sent")} error={change.error} />
        <div>
          <Button
            type="submit"
            appearance="primary"
            disabled={email.trim() === "" || password === "" || change.isPending}
          >
            {t("change_email")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Password() {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const change = useMutation({
    mutationFn: () =>
      tenantApi.POST("/accounts/me/password", { body: { current_password: current, new_password: wanted } }),
    onSuccess: () => {
      setCurrent("");
      setWanted("");
    },
  });
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">{t("password")}</Subtitle2>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Field label={t("current")} required>
          <Input
            type="password"
            autoComplete="current-password"
            value={current}
            onChange={(_, data) => setCurrent(data.value)}
          />
        </Field>
        <Field label={t("new")} hint={t("new_help")} required>
          <Input
            type="password"
            autoComplete="new-password"
            value={wanted}
            onChange={(_, data) => setWanted(data.value)}
          />
        </Field>
        <Outcome done={change.isSuccess} text={t("changed")} error={change.error} />
        <div>
          <Button
            type="submit"
            appearance="primary"
            disabled={current === "" || wanted.length < SHORTEST_PASSWORD || change.isPending}
          >
            {t("change")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Outcome({ done, text, error }: { done: boolean; text: string; error: Error | null }) {
  return (
    <div aria-live="polite">
      {done ? (
        <MessageBar intent="success">
          <MessageBarBody>{text}</MessageBarBody>
        </MessageBar>
      ) : null}
      <ProblemMessage error={error} />
    </div>
  );
}
