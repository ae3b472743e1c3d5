/** What can be done with the rows that are selected, and how it went for each. */
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
  tokens,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { problemOf } from "@/api/problem";
import type { Resource } from "@/api/wire";
import { usePermissions } from "@/session/session";
import { ICONS } from "@/shell/icons";
import { reasonAgainst } from "./ActionBar";
import { ActionDialog } from "./ActionDialog";
import { StateMark } from "./FieldValue";
import { runBulk, type BulkResult } from "./runAction";
import { titleOf, type Texts } from "./texts";
import type { ActionManifest, ResourceManifest } from "./types";

const NAMED = 200;

const useStyles = makeStyles({
  bar: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: "4px",
    marginBottom: "8px",
    padding: "4px 8px",
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorBrandBackground2,
    color: tokens.colorBrandForeground2,
  },
  content: { display: "flex", flexDirection: "column", gap: "12px" },
  list: { margin: 0, padding: 0, listStyleType: "none", maxHeight: "40vh", overflowY: "auto" },
  row: { display: "flex", justifyContent: "space-between", gap: "12px", padding: "4px 0" },
  name: { overflowWrap: "anywhere", minWidth: 0 },
  detail: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

/** What a list offers for its rows: what goes for many at once and, where a row has no page of its own, all of it. */
export function listActions(manifest: ResourceManifest): readonly ActionManifest[] {
  const actions = manifest.actions ?? [];
  return manifest.paths.item === undefined ? actions : actions.filter((action) => action.bulk === true);
}

export interface BulkBarProps {
  manifest: ResourceManifest;
  texts: Texts;
  selected: readonly Resource[];
  values: Readonly<Record<string, unknown>>;
  onClear: () => void;
}

export function BulkBar({ manifest, texts, selected, values, onClear }: BulkBarProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const may = usePermissions();
  const [asked, setAsked] = useState<ActionManifest | null>(null);
  const actions = listActions(manifest).filter(
    (action) => may(action.permission) && (action.bulk === true || selected.length === 1),
  );
  const [first] = selected;
  return (
    <div className={styles.bar} role="toolbar" aria-label={t("bulk.toolbar")}>
      <span aria-live="polite">{t("bulk.selected", { count: selected.length })}</span>
      {actions.map((action) => {
        const Icon = ICONS[action.icon];
        const possible = selected.some((resource) => reasonAgainst(action, resource, texts) === null);
        return (
          <Button
            key={action.id}
            size="small"
            appearance="subtle"
            icon={<Icon />}
            disabled={!possible}
            onClick={() => setAsked(action)}
          >
            {texts.text(`actions.${action.id}.title`)}
          </Button>
        );
      })}
      <Button size="small" appearance="subtle" icon={<DismissRegular />} onClick={onClear}>
        {t("bulk.clear")}
      </Button>
      {asked === null || first === undefined ? null : asked.bulk !== true ? (
        <ActionDialog
          manifest={manifest}
          action={asked}
          resource={first}
          values={values}
          onClose={() => setAsked(null)}
        />
      ) : (
        <BulkDialog
          manifest={manifest}
          action={asked}
          texts={texts}
          selected={selected}
          values={values}
          onClose={(done) => {
            setAsked(null);
            if (done) onClear();
          }}
        />
      )}
    </div>
  );
}

interface BulkDialogProps {
  manifest: ResourceManifest;
  action: ActionManifest;
  texts: Texts;
  selected: readonly Resource[];
  values: Readonly<Record<string, unknown>>;
  onClose: (done: boolean) => void;
}

function BulkDialog({ manifest, action, texts, selected: wanted, values, onClose }: BulkDialogProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  // Rows change under a dialog that is open: what was asked about is what is done.
  const [selected] = useState(wanted);
  const [results, setResults] = useState<ReadonlyMap<string, BulkResult> | null>(null);
  const [typed, setTyped] = useState("");
  const possible = selected.filter((resource) => reasonAgainst(action, resource, texts) === null);
  const skipped = selected.length - possible.length;
  const title = texts.text(`actions.${action.id}.title`);
  const needsCount = action.confirm?.typeName === true;
  const begin = () => {
    setResults(new Map(possible.map((resource) => [resource.id, { resource, state: "waiting" }])));
    void runBulk(action, possible, values, (result) =>
      setResults((known) => new Map(known).set(result.resource.id, result)),
    );
  };
  const done = results !== null && [...results.values()].every((result) => result.state !== "waiting");
  const sentence = texts.maybe(`actions.${action.id}.confirm`);
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose(results !== null))}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("bulk.title", { action: title, count: possible.length })}</DialogTitle>
          <DialogContent className={styles.content}>
            {sentence === null || results !== null ? null : <div>{sentence}</div>}
            {skipped > 0 && results === null ? <div>{t("bulk.skipped", { count: skipped })}</div> : null}
            <ul className={styles.list} aria-live="polite">
              {possible.slice(0, NAMED).map((resource) => (
                <li key={resource.id} className={styles.row}>
                  <span className={styles.name}>{titleOf(manifest, resource, texts)}</span>
                  <Outcome result={results?.get(resource.id)} />
                </li>
              ))}
              {possible.length > NAMED ? <li>{t("confirm.more", { count: possible.length - NAMED })}</li> : null}
            </ul>
            {needsCount && results === null ? (
              <Field label={t("bulk.type_count", { count: possible.length })}>
                <Input value={typed} onChange={(_, data) => setTyped(data.value)} autoComplete="off" />
              </Field>
            ) : null}
          </DialogContent>
          <DialogActions>
            {results === null ? (
              <>
                <Button onClick={() => onClose(false)}>{t("cancel")}</Button>
                <Button appearance="primary" disabled={needsCount && typed !== String(possible.length)} onClick={begin}>
                  {title}
                </Button>
              </>
            ) : (
              <Button appearance="primary" disabled={!done} onClick={() => onClose(true)}>
                {t("close")}
              </Button>
            )}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function Outcome({ result }: { result: BulkResult | undefined }) {
  const styles = useStyles();
  const { t } = useTranslation();
  if (result === undefined) return null;
  switch (result.state) {
    case "waiting":
      return <StateMark tone="busy" word={t("bulk.waiting")} />;
    case "done":
      return <StateMark tone="good" word={t("bulk.done")} />;
    case "failed":
      return (
        <span>
          <StateMark tone="bad" word={problemOf(result.error).title} />
          <div className={styles.detail}>{problemOf(result.error).detail}</div>
        </span>
      );
  }
}
