/** Asks for a link that sets a new password. */
import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ProblemMessage } from "@/shell/ProblemMessage";
import { ask } from "./outside";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: "16px" } });

export function ForgotForm() {
  const styles = useStyles();
  const { t } = useTranslation();
  const [email, setEmail] = useState("");
  const send = useMutation({ mutationFn: () => ask("POST", "/password-resets", { email: email.trim() }) });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      <Field label={t("session.email")} hint={t("session.forgot_hint")} required>
        <Input
          type="email"
          name="email"
          autoComplete="username"
          value={email}
          onChange={(_, data) => setEmail(data.value)}
        />
      </Field>
      <div aria-live="polite">
        {send.isSuccess ? (
          <MessageBar intent="success" layout="multiline">
            <MessageBarBody>{t("session.forgot_sent")}</MessageBarBody>
          </MessageBar>
        ) : null}
        <ProblemMessage error={send.error} />
      </div>
      <Button appearance="primary" type="submit" disabled={send.isPending || email.trim() === ""}>
        {t("session.forgot_send")}
      </Button>
    </form>
  );
}
