/** The networks that a machine is attached to; a new network can be made on the spot. */
import { Button, Field, Input, makeStyles, Select, tokens } from "@fluentui/react-components";
import { AddRegular, DeleteRegular } from "@fluentui/react-icons";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { InputProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";
import type { PortDraft } from "./machineBody";
import { NewNetworkPane, type Network, type Subnet } from "./NewNetworkPane";
import { useOptions } from "./useOptions";
import { useSubscriptionId } from "./useSubscriptionId";

const useStyles = makeStyles({
  room: { display: "flex", flexDirection: "column", gap: "12px", alignItems: "stretch" },
  port: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 180px), 1fr))",
    gap: "8px 12px",
    alignItems: "start",
    margin: 0,
    padding: "12px",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  legend: { fontWeight: tokens.fontWeightSemibold, padding: "0 4px" },
  input: { minWidth: 0, width: "100%" },
  remove: { justifySelf: "start", alignSelf: "end" },
  bar: { display: "flex", flexWrap: "wrap", gap: "8px" },
  empty: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** As the API bounds it. */
const MOST = 8;

const EMPTY: PortDraft = { vm_network_id: "", subnet_id: "", address: "" };

export function PortsInput({ value, onChange, onChosen, id, label }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation("virtual_machines");
  const subscriptionId = useSubscriptionId();
  const [pane, setPane] = useState(false);
  const ports = Array.isArray(value) ? (value as PortDraft[]) : [];
  const networks = useOptions<Network>("vm_network", `/subscriptions/${subscriptionId}/vm-networks`);
  const names = JSON.stringify(
    ports.map((port) => {
      const network = networks.data?.find((one) => one.id === port.vm_network_id)?.name ?? "";
      return port.address.trim() === "" ? network : `${network}=${port.address.trim()}`;
    }),
  );
  const told = useRef("[]");
  useEffect(() => {
    // As the command line takes them, which reads well enough for the review.
    if (told.current === names) return;
    told.current = names;
    onChosen?.((JSON.parse(names) as string[]).filter((name) => name !== "").map((name) => ({ id: name, name })));
  }, [names, onChosen]);
  const change = (place: number, port: PortDraft) => onChange(ports.map((one, at) => (at === place ? port : one)));
  const made = (network: Network | null) => {
    setPane(false);
    if (network === null) return;
    const port = { vm_network_id: network.id, subnet_id: network.subnets[0]?.id ?? "", address: "" };
    const open = ports.findIndex((one) => one.vm_network_id === "");
    if (open >= 0) change(open, port);
    else if (ports.length < MOST) onChange([...ports, port]);
  };
  return (
    <div id={id} className={styles.room} role="group" aria-label={label}>
      {ports.length === 0 ? <p className={styles.empty}>{t("ports.none")}</p> : null}
      {ports.map((port, place) => (
        <PortFields
          key={place}
          legend={t("ports.nth", { number: place + 1 })}
          subscriptionId={subscriptionId}
          port={port}
          onChange={(changed) => change(place, changed)}
          onRemove={() => onChange(ports.filter((_, at) => at !== place))}
        />
      ))}
      <div className={styles.bar}>
        <Button
          size="small"
          icon={<AddRegular />}
          disabledFocusable={ports.length >= MOST}
          onClick={() => onChange([...ports, EMPTY])}
        >
          {t("ports.add")}
        </Button>
        <Button size="small" icon={<AddRegular />} onClick={() => setPane(true)}>
          {t("new_network.open")}
        </Button>
      </div>
      <NewNetworkPane subscriptionId={subscriptionId} open={pane} onClose={made} />
    </div>
  );
}

export interface PortFieldsProps {
  legend: string;
  subscriptionId: string;
  port: PortDraft;
  onChange: (port: PortDraft) => void;
  onRemove?: () => void;
}

/** Network, subnet and address of one attachment. */
export function PortFields({ legend, subscriptionId, port, onChange, onRemove }: PortFieldsProps) {
  const styles = useStyles();
  const { t } = useTranslation("virtual_machines");
  const base = `/subscriptions/${subscriptionId}/vm-networks`;
  const networks = useOptions<Network>("vm_network", base);
  const subnetsPath = port.vm_network_id === "" ? null : `${base}/${port.vm_network_id}/subnets`;
  const subnets = useOptions<Subnet>("vm_network", subnetsPath);
  const only = subnets.data?.length === 1 ? subnets.data[0]?.id : undefined;
  const subnetId = port.subnet_id === "" ? (only ?? "") : port.subnet_id;
  if (only !== undefined && port.subnet_id === "") {
    // There is nothing to choose: one subnet is the subnet.
    queueMicrotask(() => onChange({ ...port, subnet_id: only }));
  }
  return (
    <fieldset className={styles.port}>
      <legend className={styles.legend}>{legend}</legend>
      <ProblemMessage error={networks.error ?? subnets.error} />
      <Field label={t("ports.network")} required>
        <Select
          value={port.vm_network_id}
          onChange={(_, data) => onChange({ vm_network_id: data.value, subnet_id: "", address: "" })}
        >
          <option value="">{t("ports.choose")}</option>
          {networks.data?.map((network) => (
            <option key={network.id} value={network.id}>
              {network.name}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("ports.subnet")} required>
        <Select
          value={subnetId}
          disabled={port.vm_network_id === ""}
          onChange={(_, data) => onChange({ ...port, subnet_id: data.value })}
        >
          <option value="">{t("ports.choose")}</option>
          {subnets.data?.map((subnet) => (
            <option key={subnet.id} value={subnet.id}>
              {subnet.name} ({subnet.cidr})
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("ports.address")} hint={t("ports.address_help")}>
        <Input
          className={styles.input}
          value={port.address}
          maxLength={15}
          inputMode="decimal"
          onChange={(_, data) => onChange({ ...port, address: data.value })}
        />
      </Field>
      {onRemove === undefined ? null : (
        <Button className={styles.remove} size="small" icon={<DeleteRegular />} onClick={onRemove}>
          {t("ports.remove")}
        </Button>
      )}
    </fieldset>
  );
}

export default PortsInput;
