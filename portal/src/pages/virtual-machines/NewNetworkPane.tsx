/** A side pane that makes a network with its first subnet without leaving what one was doing. */
import {
  Button,
  DrawerBody,
  DrawerFooter,
  DrawerHeader,
  DrawerHeaderTitle,
  Field,
  Input,
  makeStyles,
  OverlayDrawer,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { fieldErrors, problemOf } from "@/api/problem";
import { call } from "@/api/transport";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", gap: "16px" } });

export interface Subnet {
  id: string;
  name: string;
  cidr: string;
  state: string;
}

export interface Network {
  id: string;
  name: string;
  state: string;
  subnets: Subnet[];
}

const CIDR = /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/;

export interface NewNetworkPaneProps {
  subscriptionId: string;
  open: boolean;
  /** With the network, when one was made. */
  onClose: (made: Network | null) => void;
}

export function NewNetworkPane({ subscriptionId, open, onClose }: NewNetworkPaneProps) {
  const styles = useStyles();
  const { t } = useTranslation(["virtual_machines", "frame"]);
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [subnet, setSubnet] = useState("default");
  const [cidr, setCidr] = useState("10.0.0.0/24");
  const making = useMutation({
    mutationFn: async () => {
      const body = { name: name.trim(), subnets: [{ name: subnet.trim(), cidr: cidr.trim() }] };
      return (await call<Network>("POST", `/subscriptions/${subscriptionId}/vm-networks`, { body })).body;
    },
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: keys.type("vm_network") });
      setName("");
      onClose(made);
    },
  });
  const refused = making.error === null ? {} : fieldErrors(problemOf(making.error));
  const close = () => {
    making.reset();
    onClose(null);
  };
  const cidrRight = CIDR.test(cidr.trim());
  const ready = name.trim() !== "" && subnet.trim() !== "" && cidrRight;
  const said = (field: string) => (refused[field] === undefined ? {} : { validationMessage: refused[field] });
  return (
    <OverlayDrawer position="end" open={open} onOpenChange={(_, data) => (data.open ? null : close())}>
      <DrawerHeader>
        <DrawerHeaderTitle
          action={
            <Button appearance="subtle" icon={<DismissRegular />} aria-label={t("frame:close")} onClick={close} />
          }
        >
          {t("new_network.title")}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        <form
          id="new-vm-network"
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            // The pane may stand within another form, which this is not about.
            event.stopPropagation();
            if (ready) making.mutate();
          }}
        >
          <ProblemMessage error={making.error} />
          <Field label={t("frame:fields.name")} hint={t("new_network.name_help")} required {...said("name")}>
            <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
          </Field>
          <Field label={t("new_network.subnet")} hint={t("new_network.subnet_help")} required>
            <Input value={subnet} maxLength={100} onChange={(_, data) => setSubnet(data.value)} />
          </Field>
          <Field
            label={t("new_network.cidr")}
            hint={t("new_network.cidr_help")}
            required
            {...(cidrRight ? said("cidr") : { validationMessage: t("new_network.cidr_wrong") })}
          >
            <Input value={cidr} maxLength={18} onChange={(_, data) => setCidr(data.value)} />
          </Field>
        </form>
      </DrawerBody>
      <DrawerFooter>
        <Button appearance="primary" type="submit" form="new-vm-network" disabledFocusable={!ready || making.isPending}>
          {t("new_network.submit")}
        </Button>
        <Button onClick={close}>{t("frame:cancel")}</Button>
      </DrawerFooter>
    </OverlayDrawer>
  );
}
