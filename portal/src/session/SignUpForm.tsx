/** Signing up as a tenant, and in at once. */
import { Button, Field, Input, makeStyles } from "@fluentui/react-components";
import { useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import { fieldErrors, problemOf } from "@/api/problem";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { ask } from "./outside";
import { session } from "./session";

const SHORTEST_PASSWORD = 10;
const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: "16px" } });

async function signUp(account: { email: string; name: string; password: string }): Promise<void> {
  await ask("POST", "/accounts", account);
  await session.signIn(account.email, account.password);
}

export function SignUpForm() {
  const styles = useStyles();
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const faults = error === null ? {} : fieldErrors(problemOf(error));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    signUp({ email: email.trim(), name: name.trim(), password })
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label={t("session.name")} required validationMessage={faults["name"]}>
        <Input name="name" autoComplete="name" value={name} onChange={(_, data) => setName(data.value)} />
      </Field>
      <Field label={t("session.email")} required validationMessage={faults["email"]}>
        <Input
          type="email"
          name="email"
          autoComplete="username"
          value={email}
          onChange={(_, data) => setEmail(data.value)}
        />
      </Field>
      <Field
        label={t("session.password")}
        hint={t("session.password_hint", { count: SHORTEST_PASSWORD })}
        required
        validationMessage={faults["password"]}
      >
        <Input
          type="password"
          name="password"
          autoComplete="new-password"
          value={password}
          onChange={(_, data) => setPassword(data.value)}
        />
      </Field>
      <ProblemMessage error={error} />
      <Button
        appearance="primary"
        type="submit"
        disabled={busy || name.trim() === "" || email === "" || password.length < SHORTEST_PASSWORD}
      >
        {t("session.sign_up")}
      </Button>
    </form>
  );
}
