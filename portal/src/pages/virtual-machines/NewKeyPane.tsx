/** A side pane that adds an SSH key without leaving what one was doing. */
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
  Textarea,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type ChangeEvent } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { fieldErrors, problemOf } from "@/api/problem";
import { call } from "@/api/transport";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { keyComment, keyFault } from "./publicKey";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  file: { display: "none" },
  code: { fontFamily: "monospace" },
});

export interface SshKey {
  id: string;
  name: string;
  fingerprint: string;
  public_key: string;
}

/** No public key is longer. */
const MOST_BYTES = 16_384;

export interface NewKeyPaneProps {
  subscriptionId: string;
  open: boolean;
  /** With the key, when one was added. */
  onClose: (added: SshKey | null) => void;
}

export function NewKeyPane({ subscriptionId, open, onClose }: NewKeyPaneProps) {
  const styles = useStyles();
  const { t } = useTranslation(["ssh_keys", "frame"]);
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const file = useRef<HTMLInputElement>(null);
  const adding = useMutation({
    mutationFn: async () => {
      const path = `/subscriptions/${subscriptionId}/ssh-keys`;
      return (await call<SshKey>("POST", path, { body: { name: name.trim(), public_key: text.trim() } })).body;
    },
    onSuccess: async (added) => {
      await queries.invalidateQueries({ queryKey: keys.type("ssh_key") });
      close(added);
    },
  });
  const close = (added: SshKey | null) => {
    if (added !== null) {
      setName("");
      setText("");
    }
    adding.reset();
    onClose(added);
  };
  const take = (content: string) => {
    setText(content);
    if (name === "") setName(keyComment(content));
  };
  const upload = (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.target.files?.[0];
    event.target.value = "";
    if (chosen !== undefined) void chosen.slice(0, MOST_BYTES).text().then(take);
  };
  const fault = text.trim() === "" ? null : keyFault(text);
  const refused = adding.error === null ? {} : fieldErrors(problemOf(adding.error));
  const nameError = refused["name"];
  const keyError = fault === null ? refused["public_key"] : t(`faults.${fault}`);
  const ready = name.trim() !== "" && text.trim() !== "" && fault === null;
  return (
    <OverlayDrawer
      position="end"
      size="medium"
      open={open}
      onOpenChange={(_, data) => (data.open ? null : close(null))}
    >
      <DrawerHeader>
        <DrawerHeaderTitle
          action={
            <Button
              appearance="subtle"
              icon={<DismissRegular />}
              aria-label={t("frame:close")}
              onClick={() => close(null)}
            />
          }
        >
          {t("create.title")}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        <form
          id="new-ssh-key"
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            // The pane may stand within another form, which this is not about.
            event.stopPropagation();
            if (ready) adding.mutate();
          }}
        >
          <ProblemMessage error={adding.error} />
          <Field
            label={t("inputs.public_key.title")}
            hint={t("inputs.public_key.help")}
            required
            {...(keyError === undefined ? {} : { validationMessage: keyError })}
          >
            <Textarea
              className={styles.code}
              value={text}
              rows={6}
              spellCheck={false}
              placeholder="ssh-ed25519 AAAA… ada@laptop"
              onChange={(_, data) => take(data.value)}
            />
          </Field>
          <div>
            <Button onClick={() => file.current?.click()}>{t("upload")}</Button>
            <input
              ref={file}
              className={styles.file}
              type="file"
              accept=".pub,text/plain"
              aria-label={t("upload")}
              onChange={upload}
            />
          </div>
          <Field
            label={t("frame:fields.name")}
            hint={t("inputs.name.help")}
            required
            {...(nameError === undefined ? {} : { validationMessage: nameError })}
          >
            <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
          </Field>
        </form>
      </DrawerBody>
      <DrawerFooter>
        <Button appearance="primary" type="submit" form="new-ssh-key" disabledFocusable={!ready || adding.isPending}>
          {t("create.submit")}
        </Button>
        <Button onClick={() => close(null)}>{t("frame:cancel")}</Button>
      </DrawerFooter>
    </OverlayDrawer>
  );
}
