/** A dialog that asks before a change, or for what the change needs, and keeps it all when the server refuses. */
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
import { useId, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({
  content: { display: "flex", flexDirection: "column", gap: "16px" },
  text: { margin: 0, overflowWrap: "anywhere" },
  danger: {
    color: tokens.colorNeutralForegroundOnBrand,
    backgroundColor: tokens.colorStatusDangerBackground3,
    ":hover": {
      color: tokens.colorNeutralForegroundOnBrand,
      backgroundColor: tokens.colorStatusDangerBackground3Hover,
    },
    ":hover:active": {
      color: tokens.colorNeutralForegroundOnBrand,
      backgroundColor: tokens.colorStatusDangerBackground3Pressed,
    },
  },
});

export interface ChangeDialogProps {
  title: string;
  /** What will happen. */
  text?: string;
  submit: string;
  danger?: boolean;
  /** Must be typed before anything happens. */
  name?: string;
  /** Whether what was filled in can be sent. */
  ready?: boolean;
  pending: boolean;
  error: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children?: ReactNode;
}

/** Mounted while it is open. */
export function ChangeDialog(props: ChangeDialogProps) {
  const styles = useStyles();
  const { t } = useTranslation(["virtual_machines", "frame"]);
  const formId = useId();
  const [typed, setTyped] = useState("");
  const ready = (props.ready ?? true) && (props.name === undefined || typed.trim() === props.name) && !props.pending;
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : props.onClose())}>
      <DialogSurface>
        <form
          id={formId}
          onSubmit={(event) => {
            event.preventDefault();
            event.stopPropagation();
            if (ready) props.onSubmit();
          }}
        >
          <DialogBody>
            <DialogTitle>{props.title}</DialogTitle>
            <DialogContent className={styles.content}>
              {props.text === undefined ? null : <p className={styles.text}>{props.text}</p>}
              <ProblemMessage error={props.error} />
              {props.children}
              {props.name === undefined ? null : (
                <Field label={t("type_name", { name: props.name })} required>
                  <Input value={typed} autoComplete="off" onChange={(_, data) => setTyped(data.value)} />
                </Field>
              )}
            </DialogContent>
            <DialogActions>
              <Button onClick={props.onClose}>{t("frame:cancel")}</Button>
              <Button
                type="submit"
                appearance="primary"
                className={props.danger === true && ready ? styles.danger : ""}
                disabledFocusable={!ready}
              >
                {props.submit}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
