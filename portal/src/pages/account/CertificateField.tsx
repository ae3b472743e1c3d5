/** Takes a certificate from a file or from the clipboard. A private key never leaves the browser. */
import { Button, Field, makeStyles, Textarea, tokens } from "@fluentui/react-components";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

const LARGEST_CHARACTERS = 20_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

const useStyles = makeStyles({
  area: { maxWidth: "640px", fontFamily: tokens.fontFamilyMonospace },
  choose: { alignSelf: "flex-start" },
  hidden: { display: "none" },
});

/** The one certificate in a text, without what stands around it; nothing when there is none, or more than one. */
export function certificateIn(text: string): string | undefined {
  const found = text.match(CERTIFICATE) ?? [];
  return found.length === 1 ? `${found[0]}\n` : undefined;
}

interface Props {
  text: string;
  onChange: (text: string) => void;
}

export function CertificateField({ text, onChange }: Props) {
  const styles = useStyles();
  const { t } = useTranslation("client_certificates");
  const chooser = useRef<HTMLInputElement>(null);
  // What is pasted with a key beside it is kept without the key, also on the screen.
  const take = (given: string) =>
    onChange(given.includes("PRIVATE KEY") ? (certificateIn(given) ?? "") : given.slice(0, LARGEST_CHARACTERS));
  const bad = text.trim() !== "" && certificateIn(text) === undefined;
  return (
    <>
      <Field
        label={t("new.certificate")}
        hint={t("new.certificate_help")}
        required
        {...(bad ? { validationState: "error" as const, validationMessage: t("new.unreadable") } : {})}
      >
        <Textarea
          className={styles.area}
          value={text}
          rows={8}
          resize="vertical"
          spellCheck={false}
          placeholder="-----BEGIN CERTIFICATE-----"
          onChange={(_, data) => take(data.value)}
        />
      </Field>
      <Button className={styles.choose} onClick={() => chooser.current?.click()}>
        {t("new.file")}
      </Button>
      <input
        ref={chooser}
        className={styles.hidden}
        type="file"
        accept=".pem,.crt,.cer,.cert"
        aria-label={t("new.file")}
        onChange={(event) => {
          void event.target.files?.[0]?.text().then(take);
          event.target.value = "";
        }}
      />
    </>
  );
}
