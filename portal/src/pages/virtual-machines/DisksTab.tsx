/** A machine's disks and what is in its drive: making, attaching, detaching, growing, inserting and ejecting. */
import { Field, Select, SpinButton } from "@fluentui/react-components";
import {
  AddRegular,
  ArrowEjectRegular,
  ArrowExpandRegular,
  PlugConnectedRegular,
  PlugDisconnectedRegular,
} from "@fluentui/react-icons";
import { Input } from "@fluentui/react-components";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import type { TabProps } from "@/manifest/types";
import { StateMark } from "@/manifest/FieldValue";
import { formatBytes, toneOf } from "@/manifest/values";
import { ChangeDialog } from "./ChangeDialog";
import { Item, ItemBar, ItemList } from "./ItemList";
import { busyOf, machineOf, machinePath, refusalOf, type Machine } from "./machine";
import { leftOf, useUsage } from "./quota";
import { ReasonedButton } from "./ReasonedButton";
import { useChange } from "./useChange";
import { useOptions } from "./useOptions";

const GIB = 1024 ** 3;
/** As the API bounds them. */
const LARGEST_GIB = 65_536;
const MOST = 100;
/** States in which nothing is being done with a disk. */
const SETTLED = ["attached", "available"];
/** How often what is in motion is looked at. */
const MOVING_MS = 3_000;

export interface Disk {
  id: string;
  name: string;
  kind: "root" | "data";
  size_gib: number;
  state: string;
  serial: string | null;
  virtual_machine_id: string | null;
}

type Ask = "create" | "attach" | "insert" | "eject" | { kind: "grow" | "detach"; disk: Disk };

export default function DisksTab({ resource }: TabProps) {
  const { t } = useTranslation("virtual_machines");
  const machine = machineOf(resource);
  const [ask, setAsk] = useState<Ask | null>(null);
  const path = `/subscriptions/${machine.subscription_id}/disks`;
  const filter = { $filter: `virtual_machine_id eq '${machine.id}'`, $top: String(MOST), $orderby: "created_at" };
  const disks = useQuery({
    queryKey: keys.facet("virtual_machine", machine.id, "disks", machine.generation, machine.state),
    queryFn: async ({ signal }) => (await call<Page<Disk>>("GET", path, { signal, query: filter })).body.value,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.some((disk) => !SETTLED.includes(disk.state)) === true ? MOVING_MS : false,
  });
  const refusal = refusalOf(machine);
  const reason = refusal === null ? null : t(`refusals.${refusal}`);
  const busy = busyOf(machine);
  const close = () => setAsk(null);
  return (
    <>
      <ItemBar>
        <ReasonedButton icon={<AddRegular />} appearance="primary" reason={reason} onClick={() => setAsk("create")}>
          {t("disks.create")}
        </ReasonedButton>
        <ReasonedButton icon={<PlugConnectedRegular />} reason={reason} onClick={() => setAsk("attach")}>
          {t("disks.attach")}
        </ReasonedButton>
      </ItemBar>
      <ItemList
        label={t("tabs.disks")}
        loading={disks.isPending}
        error={disks.error}
        onRetry={() => void disks.refetch()}
        empty={t("disks.none")}
      >
        {[
          ...(disks.data ?? []).map((disk) => <DiskItem key={disk.id} disk={disk} reason={reason} onAsk={setAsk} />),
          <DriveItem
            key="drive"
            machine={machine}
            busy={busy === null ? null : t(`refusals.${busy}`)}
            onAsk={setAsk}
          />,
        ]}
      </ItemList>
      {ask === "create" ? <CreateDialog machine={machine} onClose={close} /> : null}
      {ask === "attach" ? <AttachDialog machine={machine} onClose={close} /> : null}
      {ask === "insert" ? <InsertDialog machine={machine} onClose={close} /> : null}
      {ask === "eject" ? <EjectDialog machine={machine} onClose={close} /> : null}
      {typeof ask === "object" && ask?.kind === "grow" ? (
        <GrowDialog machine={machine} disk={ask.disk} onClose={close} />
      ) : null}
      {typeof ask === "object" && ask?.kind === "detach" ? (
        <DetachDialog machine={machine} disk={ask.disk} onClose={close} />
      ) : null}
    </>
  );
}

interface DiskItemProps {
  disk: Disk;
  reason: string | null;
  onAsk: (ask: Ask) => void;
}

function DiskItem({ disk, reason, onAsk }: DiskItemProps) {
  const { t, i18n } = useTranslation(["virtual_machines", "frame"]);
  const settled = SETTLED.includes(disk.state);
  const why = settled ? reason : t("refusals.busy");
  const facts: [string, string][] = [
    [t("disks.size"), formatBytes(disk.size_gib * GIB, i18n.language)],
    [t("disks.kind"), t(`disks.kinds.${disk.kind}`)],
  ];
  if (disk.serial !== null) facts.push([t("disks.serial"), disk.serial]);
  return (
    <Item
      title={disk.name}
      mark={
        <StateMark tone={toneOf(disk.state)} word={t(`frame:states.${disk.state}`, { defaultValue: disk.state })} />
      }
      facts={facts}
      actions={
        <>
          <ReasonedButton
            icon={<ArrowExpandRegular />}
            reason={why}
            of={disk.name}
            onClick={() => onAsk({ kind: "grow", disk })}
          >
            {t("disks.grow")}
          </ReasonedButton>
          <ReasonedButton
            icon={<PlugDisconnectedRegular />}
            reason={disk.kind === "root" ? t("disks.root_stays") : why}
            of={disk.name}
            onClick={() => onAsk({ kind: "detach", disk })}
          >
            {t("disks.detach")}
          </ReasonedButton>
        </>
      }
    />
  );
}

function DriveItem({ machine, busy, onAsk }: { machine: Machine; busy: string | null; onAsk: (ask: Ask) => void }) {
  const { t } = useTranslation("virtual_machines");
  const iso = machine.iso_image_id;
  const images = useOptions<Iso>("image", `/subscriptions/${machine.subscription_id}/images`, { $filter: ISOS });
  const name = iso === null ? t("disks.drive_empty") : (images.data?.find((one) => one.id === iso)?.name ?? iso);
  return (
    <Item
      title={t("disks.drive")}
      facts={[[t("disks.medium"), name]]}
      actions={
        <>
          <ReasonedButton icon={<AddRegular />} reason={busy} onClick={() => onAsk("insert")}>
            {t("disks.insert")}
          </ReasonedButton>
          <ReasonedButton
            icon={<ArrowEjectRegular />}
            reason={iso === null ? t("disks.drive_empty") : busy}
            onClick={() => onAsk("eject")}
          >
            {t("disks.eject")}
          </ReasonedButton>
        </>
      }
    />
  );
}

interface DialogOf {
  machine: Machine;
  onClose: () => void;
}

/** A size in GiB, and how much of the quota is left for it. */
export function SizeField(props: {
  subscriptionId: string;
  value: number;
  least: number;
  onChange: (gib: number) => void;
}) {
  const { t, i18n } = useTranslation("virtual_machines");
  const left = leftOf(useUsage(props.subscriptionId).data, "disk_gib");
  const added = props.value - (props.least > 1 ? props.least - 1 : 0);
  const tooMuch = added > left;
  const said = Number.isFinite(left) ? t("disks.left", { left: formatBytes(left * GIB, i18n.language) }) : "";
  return (
    <Field
      label={t("disks.size_gib")}
      required
      hint={said}
      {...(tooMuch ? { validationMessage: t("disks.too_much") } : {})}
    >
      <SpinButton
        value={props.value}
        min={props.least}
        max={LARGEST_GIB}
        onChange={(_, data) => {
          const typed = data.value ?? Number.parseInt(data.displayValue ?? "", 10);
          if (Number.isFinite(typed)) props.onChange(typed);
        }}
      />
    </Field>
  );
}

function CreateDialog({ machine, onClose }: DialogOf) {
  const { t } = useTranslation(["virtual_machines", "frame"]);
  const change = useChange(onClose);
  const [name, setName] = useState("");
  const [size, setSize] = useState(10);
  const path = `/subscriptions/${machine.subscription_id}/disks`;
  const body = { name: name.trim(), size_gib: size, virtual_machine_id: machine.id };
  return (
    <ChangeDialog
      title={t("disks.create")}
      text={t("disks.create_text")}
      submit={t("disks.create_submit")}
      ready={body.name !== "" && size >= 1}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ method: "POST", path, body })}
      onClose={onClose}
    >
      <Field label={t("frame:fields.name")} hint={t("disks.name_help")} required>
        <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
      </Field>
      <SizeField subscriptionId={machine.subscription_id} value={size} least={1} onChange={setSize} />
    </ChangeDialog>
  );
}

const FREE = "kind eq 'data' and state eq 'available'";
const ISOS = "kind eq 'iso' and state eq 'available'";

interface Iso {
  id: string;
  name: string;
}

function AttachDialog({ machine, onClose }: DialogOf) {
  const { t, i18n } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  const path = `/subscriptions/${machine.subscription_id}/disks`;
  const free = useOptions<Disk>("disk", path, { $filter: FREE });
  const [chosen, setChosen] = useState("");
  const titles = (free.data ?? []).map((disk) => ({
    id: disk.id,
    title: `${disk.name} (${formatBytes(disk.size_gib * GIB, i18n.language)})`,
  }));
  return (
    <ChangeDialog
      title={t("disks.attach")}
      text={t("disks.attach_text")}
      submit={t("disks.attach")}
      ready={chosen !== ""}
      pending={change.isPending}
      error={change.error ?? free.error}
      onSubmit={() =>
        change.mutate({ method: "POST", path: `${path}/${chosen}/attach`, body: { virtual_machine_id: machine.id } })
      }
      onClose={onClose}
    >
      <Choice
        label={t("disks.disk")}
        options={titles}
        none={t("disks.none_free")}
        value={chosen}
        onChange={setChosen}
      />
    </ChangeDialog>
  );
}

function InsertDialog({ machine, onClose }: DialogOf) {
  const { t } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  const isos = useOptions<Iso>("image", `/subscriptions/${machine.subscription_id}/images`, { $filter: ISOS });
  const [chosen, setChosen] = useState("");
  const titles = (isos.data ?? []).map((iso) => ({ id: iso.id, title: iso.name }));
  return (
    <ChangeDialog
      title={t("disks.insert")}
      text={t("disks.insert_text")}
      submit={t("disks.insert")}
      ready={chosen !== ""}
      pending={change.isPending}
      error={change.error ?? isos.error}
      onSubmit={() =>
        change.mutate({ method: "POST", path: `${machinePath(machine)}/iso`, body: { image_id: chosen } })
      }
      onClose={onClose}
    >
      <Choice label="ISO" options={titles} none={t("disks.none_iso")} value={chosen} onChange={setChosen} />
    </ChangeDialog>
  );
}

interface ChoiceProps {
  label: string;
  options: readonly { id: string; title: string }[];
  /** Said where there is nothing to choose. */
  none: string;
  value: string;
  onChange: (id: string) => void;
}

function Choice({ label, options, none, value, onChange }: ChoiceProps) {
  const { t } = useTranslation("virtual_machines");
  return (
    <Field label={label} required {...(options.length === 0 ? { hint: none } : {})}>
      <Select value={value} onChange={(_, data) => onChange(data.value)}>
        <option value="">{t("ports.choose")}</option>
        {options.map((option) => (
          <option key={option.id} value={option.id}>
            {option.title}
          </option>
        ))}
      </Select>
    </Field>
  );
}

function EjectDialog({ machine, onClose }: DialogOf) {
  const { t } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  return (
    <ChangeDialog
      title={t("disks.eject")}
      text={t("disks.eject_text")}
      submit={t("disks.eject")}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ method: "DELETE", path: `${machinePath(machine)}/iso` })}
      onClose={onClose}
    />
  );
}

function GrowDialog({ machine, disk, onClose }: DialogOf & { disk: Disk }) {
  const { t } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  const [size, setSize] = useState(disk.size_gib + 1);
  const path = `/subscriptions/${machine.subscription_id}/disks/${disk.id}`;
  return (
    <ChangeDialog
      title={t("disks.grow_title", { name: disk.name })}
      text={t("disks.grow_text")}
      submit={t("disks.grow")}
      ready={size > disk.size_gib}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ method: "PATCH", path, body: { size_gib: size } })}
      onClose={onClose}
    >
      <SizeField subscriptionId={machine.subscription_id} value={size} least={disk.size_gib + 1} onChange={setSize} />
    </ChangeDialog>
  );
}

function DetachDialog({ machine, disk, onClose }: DialogOf & { disk: Disk }) {
  const { t } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  const path = `/subscriptions/${machine.subscription_id}/disks/${disk.id}/detach`;
  return (
    <ChangeDialog
      title={t("disks.detach_title", { name: disk.name })}
      text={t("disks.detach_text")}
      submit={t("disks.detach")}
      danger
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ method: "POST", path })}
      onClose={onClose}
    />
  );
}
