/** Where identity providers send people back to. */
import { Button, Field, Input, makeStyles, Spinner } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { problemOf } from "@/api/problem";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { finish, takeFromAddress } from "./federation";
import { OutsidePage } from "./OutsidePage";

const CODE_NEEDED = "identity.code_needed";
const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: "16px" } });

export default function ReturnPage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const brought = useRef<Record<string, string> | null>(null);
  const redeem = useMutation({ mutationFn: finish });
  const secondStep = useMutation({ mutationFn: finish });
  const { mutate } = redeem;
  useEffect(() => {
    // Once, however often the page is put together: what came back is good once.
    if (brought.current !== null) return;
    brought.current = takeFromAddress();
    mutate(brought.current);
  }, [mutate]);
  const codeNeeded = redeem.error !== null && problemOf(redeem.error).code === CODE_NEEDED;
  return (
    <OutsidePage title={t("session.return_title")}>
      {redeem.isPending || redeem.isIdle ? <Spinner label={t("session.returning")} /> : null}
      {codeNeeded ? (
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            secondStep.mutate({ state: brought.current?.["state"] ?? "", second_factor_code: code.trim() });
          }}
        >
          <Field label={t("session.code")} hint={t("session.code_hint")} required>
            <Input
              name="code"
              autoComplete="one-time-code"
              value={code}
              maxLength={20}
              onChange={(_, data) => setCode(data.value)}
            />
          </Field>
          <ProblemMessage error={secondStep.error} />
          <Button appearance="primary" type="submit" disabled={code.trim() === "" || secondStep.isPending}>
            {t("session.sign_in")}
          </Button>
        </form>
      ) : redeem.isError ? (
        <div className={styles.form}>
          <ProblemMessage error={redeem.error} />
          <Button appearance="primary" onClick={() => window.location.assign("/")}>
            {t("session.to_portal")}
          </Button>
        </div>
      ) : null}
    </OutsidePage>
  );
}
