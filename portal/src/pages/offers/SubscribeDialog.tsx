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
import { rememberSubscription } from "@/session/subscriptions";
import { ProblemMessage } from "@/shell/ProblemMessage";
import type { Plan } from "./Offers";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export function SubscribeDialog({ plan, onClose }: { plan: Plan; onClose: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation("offers");
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(plan.name);
  const subscribe = useMutation({
    mutationFn: async () =>
      (await tenantApi.POST("/subscriptions", { body: { plan_id: plan.id, name: name.trim() } })).data,
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
            if (name.trim() !== "") subscribe.mutate();
          }}
        >
          <DialogBody>
            <DialogTitle>{t("dialog", { name: plan.name })}</DialogTitle>
            <DialogContent className={styles.content}>
              <Field label={t("name")} hint={t("name_help")} required>
                <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
              </Field>
              <ProblemMessage error={subscribe.error} />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>{t("cancel")}</Button>
              <Button type="submit" appearance="primary" disabled={name.trim() === "" || subscribe.isPending}>
                {t("confirm")}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
