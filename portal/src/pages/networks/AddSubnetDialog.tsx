/** Adds a subnet to a network of the picture. */
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
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { ProblemMessage } from "@/shell/ProblemMessage";
import type { NetworkShape } from "./layout";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export interface AddSubnetDialogProps {
  subscriptionId: string;
  network: NetworkShape;
  onClose: () => void;
}

export function AddSubnetDialog({ subscriptionId, network, onClose }: AddSubnetDialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("vm_networks");
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [cidr, setCidr] = useState("");
  const add = useMutation({
    mutationFn: () =>
      tenantApi.POST("/subscriptions/{subscription_id}/vm-networks/{network_id}/subnets", {
        params: { path: { subscription_id: subscriptionId, network_id: network.id } },
        body: { name: name.trim(), cidr: cidr.trim() },
      }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: keys.type("vm_network") });
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <DialogBody>
            <DialogTitle>
              {t("topology.add_subnet")}: {network.name}
            </DialogTitle>
            <DialogContent className={styles.content}>
              <Field label={t("inputs.name.title")} hint={t("inputs.name.help")} required>
                <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
              </Field>
              <Field label={t("inputs.cidr.title")} hint={t("inputs.cidr.help")} required>
                <Input value={cidr} placeholder="10.0.1.0/24" onChange={(_, data) => setCidr(data.value)} />
              </Field>
              <ProblemMessage error={add.error} />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>{t("topology.cancel")}</Button>
              <Button
                type="submit"
                appearance="primary"
                disabled={name.trim() === "" || cidr.trim() === "" || add.isPending}
              >
                {t("topology.add_subnet")}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
