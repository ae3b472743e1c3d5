/** Offers to ask for what has been refused because it needs an approval. */
import { Button, Field, makeStyles, MessageBar, MessageBarBody, Textarea } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { problemOf } from "@/api/problem";
import { call } from "@/api/transport";
import { ProblemMessage } from "@/shell/ProblemMessage";

const NEEDED = "approval.needed";
const REASON_CHARACTERS = 2000;

const useStyles = makeStyles({ offer: { display: "flex", flexDirection: "column", gap: "8px", alignItems: "start" } });

interface ApprovalOfferProps {
  /** Why the change was refused. */
  error: unknown;
  /** The body of the request that asks for it, without the reason. */
  wish: Record<string, unknown>;
}

export function ApprovalOffer({ error, wish }: ApprovalOfferProps) {
  const styles = useStyles();
  const { t } = useTranslation("change_requests");
  const cache = useQueryClient();
  const [reason, setReason] = useState("");
  const ask = useMutation({
    mutationFn: () => call<unknown>("POST", "/change-requests", { body: { ...wish, reason } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("change_request") }),
  });
  if (error === null || error === undefined || problemOf(error).code !== NEEDED) return null;
  if (ask.isSuccess) {
    return (
      <MessageBar intent="success" layout="multiline" role="status">
        <MessageBarBody>{t("offer.asked")}</MessageBarBody>
      </MessageBar>
    );
  }
  return (
    <div className={styles.offer}>
      <Field label={t("offer.reason")} hint={t("offer.reason_help")}>
        <Textarea value={reason} maxLength={REASON_CHARACTERS} onChange={(_, data) => setReason(data.value)} />
      </Field>
      <ProblemMessage error={ask.error} />
      <Button appearance="primary" disabled={ask.isPending} onClick={() => ask.mutate()}>
        {t("offer.ask")}
      </Button>
    </div>
  );
}
