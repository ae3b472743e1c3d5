/** A text to be typed into a guest, whose clipboard the page cannot reach. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  Field,
  Textarea,
} from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { MOST_TYPED } from "./typing";

export interface PasteDialogProps {
  open: boolean;
  /** Where it is shown: within what fills the screen. */
  mountNode: HTMLElement | null;
  onPaste: (text: string) => void;
  onClose: () => void;
}

export function PasteDialog({ open, mountNode, onPaste, onClose }: PasteDialogProps) {
  const { t } = useTranslation(["console", "frame"]);
  const [text, setText] = useState("");
  const send = () => {
    onPaste(text);
    setText("");
  };
  return (
    <Dialog open={open} onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface mountNode={mountNode}>
        <DialogBody>
          <DialogTitle>{t("paste.title")}</DialogTitle>
          <DialogContent>
            <Field label={t("paste.text")} hint={t("paste.help", { count: MOST_TYPED })}>
              <Textarea
                value={text}
                rows={6}
                maxLength={MOST_TYPED}
                spellCheck={false}
                onChange={(_, data) => setText(data.value)}
              />
            </Field>
          </DialogContent>
          <DialogActions>
            <DialogTrigger disableButtonEnhancement>
              <Button>{t("frame:cancel")}</Button>
            </DialogTrigger>
            <Button appearance="primary" disabledFocusable={text === ""} onClick={send}>
              {t("paste.send")}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
