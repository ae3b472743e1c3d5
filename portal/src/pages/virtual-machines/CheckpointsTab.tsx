/** A machine's checkpoints as the tree that they are: taking, naming, deleting, and going back to one. */
import { Field, Input, makeStyles, mergeClasses, Textarea, tokens } from "@fluentui/react-components";
import { AddRegular, ArrowResetRegular, DeleteRegular, EditRegular } from "@fluentui/react-icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import type { TabProps } from "@/manifest/types";
import { StateMark } from "@/manifest/FieldValue";
import { formatBytes, formatInstant, toneOf } from "@/manifest/values";
import { ChangeDialog } from "./ChangeDialog";
import { branches, type Branch, type Checkpoint } from "./checkpointTree";
import { Item, ItemBar, ItemList } from "./ItemList";
import { busyOf, machineOf, machinePath, type Machine } from "./machine";
import { ReasonedButton } from "./ReasonedButton";
import { useChange } from "./useChange";

const INDENT = 22;
const useStyles = makeStyles({
  row: { display: "flex", listStyleType: "none", minWidth: 0 },
  lines: { display: "flex", flexShrink: 0 },
  line: { width: `${INDENT}px`, position: "relative", flexShrink: 0 },
  through: {
    "::before": {
      content: '""',
      position: "absolute",
      left: "10px",
      top: 0,
      bottom: "-8px",
      borderLeft: `2px solid ${tokens.colorNeutralStroke1}`,
    },
  },
  corner: {
    "::after": {
      content: '""',
      position: "absolute",
      left: "10px",
      top: "-8px",
      height: "32px",
      width: "12px",
      borderLeft: `2px solid ${tokens.colorNeutralStroke1}`,
      borderBottom: `2px solid ${tokens.colorNeutralStroke1}`,
      borderBottomLeftRadius: "6px",
    },
  },
  body: { flexGrow: 1, minWidth: 0, padding: 0, margin: 0 },
  here: {
    padding: "0 8px",
    borderRadius: tokens.borderRadiusCircular,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorBrandForeground2,
    backgroundColor: tokens.colorBrandBackground2,
  },
});

/** A list that says more than this would not be looked through. */
const MOST = 200;
/** How often what is in motion is looked at. */
const MOVING_MS = 3_000;

type Ask = { kind: "take" } | { kind: "rename" | "restore" | "delete"; checkpoint: Checkpoint };

export default function CheckpointsTab({ resource }: TabProps) {
  const { t } = useTranslation("virtual_machines");
  const machine = machineOf(resource);
  const [ask, setAsk] = useState<Ask | null>(null);
  const path = `${machinePath(machine)}/checkpoints`;
  const checkpoints = useQuery({
    queryKey: keys.facet("virtual_machine", machine.id, "checkpoints", machine.generation, machine.state),
    queryFn: async ({ signal }) =>
      (await call<Page<Checkpoint>>("GET", path, { signal, query: { $top: MOST, $orderby: "created_at" } })).body.value,
    placeholderData: keepPreviousData,
    // A checkpoint has no events of its own that would tell when it is done.
    refetchInterval: ({ state }) => (state.data?.some((one) => one.state !== "ready") === true ? MOVING_MS : false),
  });
  const busy = busyOf(machine);
  const reason = busy === null ? null : t(`refusals.${busy}`);
  const close = () => setAsk(null);
  return (
    <>
      <ItemBar>
        <ReasonedButton
          icon={<AddRegular />}
          appearance="primary"
          reason={reason}
          onClick={() => setAsk({ kind: "take" })}
        >
          {t("checkpoints.take")}
        </ReasonedButton>
      </ItemBar>
      <ItemList
        label={t("tabs.checkpoints")}
        loading={checkpoints.isPending}
        error={checkpoints.error}
        onRetry={() => void checkpoints.refetch()}
        empty={t("checkpoints.none")}
      >
        {branches(checkpoints.data ?? []).map((branch) => (
          <Row key={branch.checkpoint.id} branch={branch} reason={reason} onAsk={setAsk} />
        ))}
      </ItemList>
      {ask === null ? null : ask.kind === "take" || ask.kind === "rename" ? (
        <WriteDialog machine={machine} checkpoint={ask.kind === "rename" ? ask.checkpoint : null} onClose={close} />
      ) : (
        <SureDialog machine={machine} checkpoint={ask.checkpoint} kind={ask.kind} onClose={close} />
      )}
    </>
  );
}

interface RowProps {
  branch: Branch;
  reason: string | null;
  onAsk: (ask: Ask) => void;
}

function Row({ branch, reason, onAsk }: RowProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["virtual_machines", "frame"]);
  const { checkpoint, lines, last, depth } = branch;
  const busy = checkpoint.state === "ready" ? reason : t("refusals.busy");
  const facts: [string, string][] = [
    [t("frame:fields.created_at"), formatInstant(checkpoint.created_at, i18n.language)],
  ];
  facts.push([
    t("checkpoints.holds"),
    t(checkpoint.with_memory ? "checkpoints.with_memory" : "checkpoints.disks_only"),
  ]);
  if (checkpoint.size_bytes !== null) {
    facts.push([t("checkpoints.memory"), formatBytes(checkpoint.size_bytes, i18n.language)]);
  }
  if (checkpoint.description !== "") facts.push([t("frame:fields.description"), checkpoint.description]);
  return (
    <li className={styles.row}>
      <div className={styles.lines} aria-hidden>
        {lines.slice(1).map((goesOn, place) => (
          <div key={place} className={mergeClasses(styles.line, goesOn && styles.through)} />
        ))}
        {depth === 0 ? null : <div className={mergeClasses(styles.line, styles.corner, !last && styles.through)} />}
      </div>
      <ul className={styles.body}>
        <Item
          title={checkpoint.name}
          mark={
            <>
              {checkpoint.state === "ready" ? null : (
                <StateMark
                  tone={toneOf(checkpoint.state)}
                  word={t(`frame:states.${checkpoint.state}`, { defaultValue: checkpoint.state })}
                />
              )}
              {checkpoint.current ? <span className={styles.here}>{t("checkpoints.here")}</span> : null}
            </>
          }
          facts={facts}
          actions={
            <>
              <ReasonedButton
                icon={<ArrowResetRegular />}
                reason={busy}
                of={checkpoint.name}
                onClick={() => onAsk({ kind: "restore", checkpoint })}
              >
                {t("checkpoints.restore")}
              </ReasonedButton>
              <ReasonedButton
                icon={<EditRegular />}
                reason={null}
                of={checkpoint.name}
                onClick={() => onAsk({ kind: "rename", checkpoint })}
              >
                {t("checkpoints.rename")}
              </ReasonedButton>
              <ReasonedButton
                icon={<DeleteRegular />}
                reason={busy}
                of={checkpoint.name}
                onClick={() => onAsk({ kind: "delete", checkpoint })}
              >
                {t("checkpoints.delete")}
              </ReasonedButton>
            </>
          }
        />
      </ul>
    </li>
  );
}

interface WriteDialogProps {
  machine: Machine;
  /** The one to write on anew; null to take another. */
  checkpoint: Checkpoint | null;
  onClose: () => void;
}

function WriteDialog({ machine, checkpoint, onClose }: WriteDialogProps) {
  const { t } = useTranslation(["virtual_machines", "frame"]);
  const change = useChange(onClose);
  const [name, setName] = useState(checkpoint?.name ?? "");
  const [description, setDescription] = useState(checkpoint?.description ?? "");
  const path = `${machinePath(machine)}/checkpoints`;
  const body = { name: name.trim(), description: description.trim() };
  const taking = checkpoint === null;
  return (
    <ChangeDialog
      title={t(taking ? "checkpoints.take" : "checkpoints.rename")}
      {...(taking ? { text: t(machine.observed === "stopped" ? "checkpoints.take_off" : "checkpoints.take_on") } : {})}
      submit={t(taking ? "checkpoints.take" : "checkpoints.rename")}
      ready={body.name !== ""}
      pending={change.isPending}
      error={change.error}
      onSubmit={() =>
        change.mutate(
          taking ? { method: "POST", path, body } : { method: "PATCH", path: `${path}/${checkpoint.id}`, body },
        )
      }
      onClose={onClose}
    >
      <Field label={t("frame:fields.name")} hint={t("checkpoints.name_help")} required>
        <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
      </Field>
      <Field label={t("frame:fields.description")} hint={t("checkpoints.description_help")}>
        <Textarea value={description} maxLength={1000} onChange={(_, data) => setDescription(data.value)} />
      </Field>
    </ChangeDialog>
  );
}

interface SureDialogProps {
  machine: Machine;
  checkpoint: Checkpoint;
  kind: "restore" | "delete";
  onClose: () => void;
}

function SureDialog({ machine, checkpoint, kind, onClose }: SureDialogProps) {
  const { t } = useTranslation("virtual_machines");
  const change = useChange(onClose);
  const path = `${machinePath(machine)}/checkpoints/${checkpoint.id}`;
  const name = checkpoint.name;
  const after = checkpoint.with_memory ? "checkpoints.restore_memory" : "checkpoints.restore_disks";
  return (
    <ChangeDialog
      title={t(`checkpoints.${kind}_title`, { name })}
      text={kind === "delete" ? t("checkpoints.delete_text") : `${t("checkpoints.restore_text")} ${t(after)}`}
      submit={t(`checkpoints.${kind}`)}
      danger
      name={name}
      pending={change.isPending}
      error={change.error}
      onSubmit={() =>
        change.mutate(kind === "delete" ? { method: "DELETE", path } : { method: "POST", path: `${path}/restore` })
      }
      onClose={onClose}
    />
  );
}
