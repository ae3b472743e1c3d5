/** What links in mail lead to. The key is behind `#`, which browsers tell no server. */
import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ProblemMessage } from "@/shell/ProblemMessage";
import { ask } from "./outside";
import { OutsidePage } from "./OutsidePage";

const SHORTEST_PASSWORD = 10;
const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: "16px" } });

export type LinkKind = "verify" | "reset";

/** Return which link an address is; null when it is none. */
export function linkKind(path: string): LinkKind | null {
  if (path === "/verify-email") return "verify";
  return path === "/reset-password" ? "reset" : null;
}

export function LinkPage({ kind }: { kind: LinkKind }) {
  const { t } = useTranslation();
  const [token] = useState(() => window.location.hash.slice(1));
  return (
    <OutsidePage title={t(`session.${kind}_title`)}>
      {kind === "verify" ? <Verify token={token} /> : <Reset token={token} />}
    </OutsidePage>
  );
}

/** Not done by itself when the page opens: programs that look through mail open links, too. */
function Verify({ token }: { token: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const verify = useMutation({ mutationFn: () => ask("POST", "/address-verifications", { token }) });
  return (
    <div className={styles.form}>
      {verify.isSuccess ? <Done text={t("session.verify_done")} /> : <span>{t("session.verify_text")}</span>}
      <ProblemMessage error={verify.error} />
      {verify.isSuccess ? null : (
        <Button appearance="primary" disabled={verify.isPending} onClick={() => verify.mutate()}>
          {t("session.verify")}
        </Button>
      )}
    </div>
  );
}

function Reset({ token }: { token: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const reset = useMutation({
    mutationFn: () => ask("POST", "/password-resets/redeem", { token, new_password: password }),
  });
  if (reset.isSuccess) return <Done text={t("session.reset_done")} />;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        reset.mutate();
      }}
    >
      <Field label={t("session.new_password")} hint={t("session.password_hint", { count: SHORTEST_PASSWORD })} required>
        <Input
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={(_, data) => setPassword(data.value)}
        />
      </Field>
      <ProblemMessage error={reset.error} />
      <Button appearance="primary" type="submit" disabled={password.length < SHORTEST_PASSWORD || reset.isPending}>
        {t("session.reset")}
      </Button>
    </form>
  );
}

function Done({ text }: { text: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  return (
    <div className={styles.form} aria-live="polite">
      <MessageBar intent="success" layout="multiline">
        <MessageBarBody>{text}</MessageBarBody>
      </MessageBar>
      <Button appearance="primary" onClick={() => window.location.assign("/")}>
        {t("session.to_portal")}
      </Button>
    </div>
  );
}
