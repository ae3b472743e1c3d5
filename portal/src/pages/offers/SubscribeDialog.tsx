/** Names a subscription and makes it. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  makeStyles,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { ApprovalOffer } from "@/pages/approvals/ApprovalOffer";
import { rememberSubscription } from "@/session/subscriptions";
import { ProblemMessage } from "@/shell/ProblemMessage";
import type { Plan } from "./Offers";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export function SubscribeDialog({ plan, onClose }: { plan: Plan; onClose: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation("offers");
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(plan.display.name);
  const [code, setCode] = useState("");
  const complete = name.trim() !== "" && (!plan.needs_invitation_code || code !== "");
  const subscribe = useMutation({
    mutationFn: async () => {
      const body = { plan_id: plan.id, name: name.trim() };
      const invited = plan.needs_invitation_code ? { invitation_code: code } : {};
      return (await tenantApi.POST("/subscriptions", { body: { ...body, ...invited } })).data;
    },
    onSuccess: async (made) => {
      if (made !== undefined) rememberSubscription(made.id);
      await cache.invalidateQueries({ queryKey: keys.type("subscription") });
      onClose();
      await navigate({ to: "/" });
    },
  });
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (complete) subscribe.mutate();
          }}
        >
          <DialogBody>
            <DialogTitle>{t("dialog", { name: plan.display.name })}</DialogTitle>
            <DialogContent className={styles.content}>
              <Field label={t("name")} hint={t("name_help")} required>
                <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
              </Field>
              {plan.needs_invitation_code ? (
                <Field label={t("code")} hint={t("code_help")} required>
                  <Input value={code} maxLength={100} autoComplete="off" onChange={(_, data) => setCode(data.value)} />
                </Field>
              ) : null}
              <ProblemMessage error={subscribe.error} />
              <ApprovalOffer
                error={subscribe.error}
                wish={{
                  change: "subscribe",
                  plan_id: plan.id,
                  name: name.trim(),
                  ...(plan.needs_invitation_code ? { invitation_code: code } : {}),
                }}
              />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>{t("cancel")}</Button>
              <Button type="submit" appearance="primary" disabled={!complete || subscribe.isPending}>
                {t("confirm")}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
