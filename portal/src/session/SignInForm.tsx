/** Signing in, on a page of its own or over the page whose session has ended. */
import { Button, Field, Input, makeStyles } from "@fluentui/react-components";
import { useEffect, useRef, useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import { problemOf } from "@/api/problem";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { session } from "./session";

const CODE_NEEDED = "identity.code_needed";

/** The second step goes on where the first one ended. */
const focusAtOnce = (field: HTMLInputElement | null) => field?.focus();

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: "16px" } });

export function SignInForm({ email: known = "" }: { email?: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const passwordField = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // After the dialog around it has put the focus on its first field, which is filled in already.
    if (known !== "") window.setTimeout(() => passwordField.current?.focus());
  }, [known]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    session
      .signIn(email.trim(), password, code === null ? undefined : code.trim())
      .catch((refusal: unknown) => {
        if (problemOf(refusal).code === CODE_NEEDED) setCode("");
        else setError(refusal);
      })
      .finally(() => setBusy(false));
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label={t("session.email")} required>
        <Input
          type="email"
          name="email"
          autoComplete="username"
          value={email}
          readOnly={code !== null}
          onChange={(_, data) => setEmail(data.value)}
        />
      </Field>
      <Field label={t("session.password")} required>
        <Input
          ref={passwordField}
          type="password"
          name="password"
          autoComplete="current-password"
          value={password}
          readOnly={code !== null}
          onChange={(_, data) => setPassword(data.value)}
        />
      </Field>
      {code === null ? null : (
        <Field label={t("session.code")} hint={t("session.code_hint")} required>
          <Input
            name="code"
            autoComplete="one-time-code"
            value={code}
            maxLength={20}
            input={{ ref: focusAtOnce }}
            onChange={(_, data) => setCode(data.value)}
          />
        </Field>
      )}
      <ProblemMessage error={error} />
      <Button appearance="primary" type="submit" disabled={busy || email === "" || password === "" || code === ""}>
        {t("session.sign_in")}
      </Button>
    </form>
  );
}
