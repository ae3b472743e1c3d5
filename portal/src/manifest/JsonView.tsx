/** A resource as the API gives it. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { Resource } from "@/api/wire";
import { CopyButton } from "./FieldValue";

const useStyles = makeStyles({
  frame: { position: "relative" },
  copy: { position: "absolute", top: "8px", right: "8px" },
  text: {
    margin: 0,
    padding: "16px",
    maxHeight: "60vh",
    overflow: "auto",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    whiteSpace: "pre-wrap",
    overflowWrap: "anywhere",
  },
});

export function JsonView({ resource }: { resource: Resource }) {
  const { t } = useTranslation();
  return <CodeBlock text={JSON.stringify(resource, null, 2)} label={t("tabs.json")} />;
}

export function CodeBlock({ text, label }: { text: string; label: string }) {
  const styles = useStyles();
  return (
    <div className={styles.frame}>
      <span className={styles.copy}>
        <CopyButton text={text} />
      </span>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={styles.text} tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </div>
  );
}
