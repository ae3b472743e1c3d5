/** A secret, shown once. */
import { makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { CopyButton } from "@/manifest/FieldValue";

const useStyles = makeStyles({
  whole: { display: "flex", flexDirection: "column", gap: "16px" },
  secret: {
    display: "flex",
    alignItems: "center",
    gap: "8px",
    padding: "8px 12px",
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    overflowWrap: "anywhere",
  },
});

interface SecretProps {
  secret: string;
  /** What it is, when it is no signing secret. */
  title?: string;
  /** What to do with it. */
  once?: string;
}

export function Secret({ secret, title, once }: SecretProps) {
  const styles = useStyles();
  const { t } = useTranslation("webhooks");
  return (
    <div className={styles.whole} aria-live="polite">
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>{once ?? t("secret.once")}</MessageBarBody>
      </MessageBar>
      <div className={styles.secret} role="group" aria-label={title ?? t("secret.title")}>
        <span>{secret}</span>
        <CopyButton text={secret} />
      </div>
    </div>
  );
}
