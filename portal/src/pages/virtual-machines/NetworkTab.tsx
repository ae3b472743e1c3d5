/** A machine's network interfaces: what it is attached to, and attaching and detaching it. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AddRegular, DeleteRegular } from "@fluentui/react-icons";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { TabProps } from "@/manifest/types";
import { CopyButton, StateMark } from "@/manifest/FieldValue";
import { ChangeDialog } from "./ChangeDialog";
import { Item, ItemBar, ItemList } from "./ItemList";
import { machineOf, machinePath, refusalOf, type Machine } from "./machine";
import { NewNetworkPane, type Network } from "./NewNetworkPane";
import { portsBody, type PortDraft } from "./machineBody";
import { PortFields } from "./PortsInput";
import { ReasonedButton } from "./ReasonedButton";
import { useChange } from "./useChange";

type Port = Machine["ports"][number];

/** As the API bounds them. */
const MOST_PORTS = 8;

export default function NetworkTab({ resource }: TabProps) {
  const { t } = useTranslation("virtual_machines");
  const machine = machineOf(resource);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Port | null>(null);
  const refusal = refusalOf(machine);
  const reason = refusal === null ? null : t(`refusals.${refusal}`);
  const full = machine.ports.length >= MOST_PORTS ? t("ports.full", { count: MOST_PORTS }) : null;
  return (
    <>
      <ItemBar>
        <ReasonedButton
          icon={<AddRegular />}
          appearance="primary"
          reason={reason ?? full}
          onClick={() => setAdding(true)}
        >
          {t("ports.attach")}
        </ReasonedButton>
      </ItemBar>
      <ItemList
        label={t("tabs.network")}
        loading={false}
        error={null}
        onRetry={() => undefined}
        empty={t("ports.none_yet")}
      >
        {machine.ports.map((port) => (
          <PortItem key={port.id} machine={machine} port={port} reason={reason} onRemove={() => setRemoving(port)} />
        ))}
      </ItemList>
      {adding ? <AttachDialog machine={machine} onClose={() => setAdding(false)} /> : null}
      {removing === null ? null : <DetachDialog machine={machine} port={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

interface PortItemProps {
  machine: Machine;
  port: Port;
  reason: string | null;
  onRemove: () => void;
}

function PortItem({ machine, port, reason, onRemove }: PortItemProps) {
  const { t } = useTranslation("virtual_machines");
  const network = useQuery({
    queryKey: keys.item("vm_network", port.vm_network_id),
    queryFn: async ({ signal }) => {
      const path = `/subscriptions/${machine.subscription_id}/vm-networks/${port.vm_network_id}`;
      return (await call<Network>("GET", path, { signal })).body;
    },
  });
  const subnet = network.data?.subnets.find((one) => one.id === port.subnet_id);
  const name = network.data?.name ?? "…";
  return (
    <Item
      title={name}
      mark={<StateMark tone={port.up ? "good" : "neutral"} word={t(port.up ? "ports.up" : "ports.down")} />}
      facts={[
        [
          t("ports.address"),
          <>
            {port.address} <CopyButton text={port.address} />
          </>,
        ],
        [t("ports.subnet"), subnet === undefined ? "…" : `${subnet.name} (${subnet.cidr})`],
        ["MAC", port.mac],
      ]}
      actions={
        <ReasonedButton icon={<DeleteRegular />} reason={reason} of={`${name} ${port.address}`} onClick={onRemove}>
          {t("ports.detach")}
        </ReasonedButton>
      }
    />
  );
}

function AttachDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const { t } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  const [pane, setPane] = useState(false);
  const [port, setPort] = useState<PortDraft>({ vm_network_id: "", subnet_id: "", address: "" });
  const body = portsBody([port])[0];
  const made = (network: Network | null) => {
    setPane(false);
    const subnet = network?.subnets[0]?.id ?? "";
    if (network !== null) setPort({ vm_network_id: network.id, subnet_id: subnet, address: "" });
  };
  return (
    <ChangeDialog
      title={t("ports.attach")}
      text={t("ports.attach_text")}
      submit={t("ports.attach")}
      ready={body !== undefined}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ method: "POST", path: `${machinePath(machine)}/ports`, body })}
      onClose={onClose}
    >
      <PortFields
        legend={t("ports.nth", { number: machine.ports.length + 1 })}
        subscriptionId={machine.subscription_id}
        port={port}
        onChange={setPort}
      />
      <ItemBar>
        <ReasonedButton icon={<AddRegular />} reason={null} onClick={() => setPane(true)}>
          {t("new_network.open")}
        </ReasonedButton>
      </ItemBar>
      <NewNetworkPane subscriptionId={machine.subscription_id} open={pane} onClose={made} />
    </ChangeDialog>
  );
}

function DetachDialog({ machine, port, onClose }: { machine: Machine; port: Port; onClose: () => void }) {
  const { t } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  return (
    <ChangeDialog
      title={t("ports.detach")}
      text={t("ports.detach_text", { address: port.address })}
      submit={t("ports.detach")}
      danger
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ method: "DELETE", path: `${machinePath(machine)}/ports/${port.id}` })}
      onClose={onClose}
    />
  );
}
