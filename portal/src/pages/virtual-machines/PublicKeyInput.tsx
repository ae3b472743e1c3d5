/** A public key to paste, or to read from a file. */
import { Button, makeStyles, Textarea, tokens } from "@fluentui/react-components";
import { useRef, type ChangeEvent } from "react";
import { useTranslation } from "react-i18next";

import type { InputProps } from "@/manifest/types";
import { keyFault } from "./publicKey";

const useStyles = makeStyles({
  room: { display: "flex", flexDirection: "column", gap: "8px", alignItems: "start" },
  text: { width: "100%", fontFamily: tokens.fontFamilyMonospace },
  file: { display: "none" },
  fault: { margin: 0, color: tokens.colorPaletteRedForeground1, fontSize: tokens.fontSizeBase200 },
});

/** No public key is longer. */
const MOST_BYTES = 16_384;

export default function PublicKeyInput({ value, onChange, id, error, label }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation("ssh_keys");
  const file = useRef<HTMLInputElement>(null);
  const text = typeof value === "string" ? value : "";
  const fault = text.trim() === "" ? null : keyFault(text);
  const upload = (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.target.files?.[0];
    event.target.value = "";
    if (chosen !== undefined) void chosen.slice(0, MOST_BYTES).text().then(onChange);
  };
  return (
    <div className={styles.room}>
      <Textarea
        id={id}
        className={styles.text}
        value={text}
        rows={5}
        spellCheck={false}
        aria-label={label}
        aria-invalid={fault !== null || error !== null}
        placeholder="ssh-ed25519 AAAA… ada@laptop"
        onChange={(_, data) => onChange(data.value)}
      />
      {fault === null ? null : (
        <p className={styles.fault} role="alert">
          {t(`faults.${fault}`)}
        </p>
      )}
      <Button size="small" onClick={() => file.current?.click()}>
        {t("upload")}
      </Button>
      <input
        ref={file}
        className={styles.file}
        type="file"
        accept=".pub,text/plain"
        aria-label={t("upload")}
        onChange={upload}
      />
    </div>
  );
}
