/** Attaches a machine to a subnet of the picture, with a free address or a particular one. */
import {
  Button,
  Combobox,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  makeStyles,
  Option,
} from "@fluentui/react-components";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { ProblemMessage } from "@/shell/ProblemMessage";
import type { MachineShape, SubnetShape } from "./layout";

const CHOICES = 20;

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

export interface AttachDialogProps {
  subscriptionId: string;
  networkId: string;
  subnet: SubnetShape;
  /** The machine that was dragged here; null to choose one. */
  machine: MachineShape | null;
  onClose: () => void;
}

export function AttachDialog({ subscriptionId, networkId, subnet, machine, onClose }: AttachDialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("vm_networks");
  const cache = useQueryClient();
  const [typed, setTyped] = useState(machine?.name ?? "");
  const [machineId, setMachineId] = useState(machine?.id ?? "");
  const [address, setAddress] = useState("");
  const choices = useQuery({
    queryKey: [...keys.lists("virtual_machine"), "attach", subscriptionId, machineId === "" ? typed : ""],
    queryFn: async ({ signal }) => {
      const path = { subscription_id: subscriptionId };
      const search = machineId === "" && typed.trim() !== "" ? { $search: typed.trim() } : {};
      const query = { $top: CHOICES, $orderby: "name", ...search };
      const answer = await tenantApi.GET("/subscriptions/{subscription_id}/virtual-machines", {
        params: { path, query },
        signal,
      });
      return answer.data?.value ?? [];
    },
    placeholderData: keepPreviousData,
  });
  const attach = useMutation({
    mutationFn: () =>
      tenantApi.POST("/subscriptions/{subscription_id}/virtual-machines/{machine_id}/ports", {
        params: { path: { subscription_id: subscriptionId, machine_id: machineId } },
        body: {
          vm_network_id: networkId,
          subnet_id: subnet.id,
          ...(address.trim() === "" ? {} : { address: address.trim() }),
        },
      }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: keys.type("virtual_machine") });
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (machineId !== "") attach.mutate();
          }}
        >
          <DialogBody>
            <DialogTitle>{t("topology.attach_to", { name: `${subnet.name} (${subnet.cidr})` })}</DialogTitle>
            <DialogContent className={styles.content}>
              <Field label={t("topology.machine")} hint={t("topology.machine_help")} required>
                <Combobox
                  value={typed}
                  selectedOptions={machineId === "" ? [] : [machineId]}
                  onChange={(event) => {
                    setTyped(event.target.value);
                    setMachineId("");
                  }}
                  onOptionSelect={(_, data) => {
                    setTyped(data.optionText ?? "");
                    setMachineId(data.optionValue ?? "");
                  }}
                >
                  {choices.data?.map((one) => (
                    <Option key={one.id} value={one.id}>
                      {one.name}
                    </Option>
                  ))}
                </Combobox>
              </Field>
              <Field label={t("topology.address")} hint={t("topology.address_help")}>
                <Input value={address} onChange={(_, data) => setAddress(data.value)} />
              </Field>
              <ProblemMessage error={attach.error ?? choices.error} />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>{t("topology.cancel")}</Button>
              <Button type="submit" appearance="primary" disabled={machineId === "" || attach.isPending}>
                {t("topology.do_attach")}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
