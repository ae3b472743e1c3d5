/** One value of a resource, shown by its kind. */
import { Button, makeStyles, mergeClasses, tokens, Tooltip } from "@fluentui/react-components";
import { CheckmarkRegular, CopyRegular } from "@fluentui/react-icons";
import { useState } from "react";

import type { Resource } from "@/api/wire";
import { Reference } from "./Reference";
import type { Texts } from "./texts";
import type { FieldManifest, Tone } from "./types";
import { formatValue, toneOf, valueAt } from "./values";
import { useTranslation } from "react-i18next";

const useStyles = makeStyles({
  state: { display: "inline-flex", alignItems: "center", columnGap: "8px", minWidth: 0, maxWidth: "100%" },
  word: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  dot: { width: "8px", height: "8px", borderRadius: "50%", flexShrink: 0 },
  good: { backgroundColor: tokens.colorPaletteGreenForeground3 },
  neutral: { backgroundColor: tokens.colorNeutralForeground4 },
  busy: {
    backgroundColor: tokens.colorBrandForeground1,
    animationName: { from: { opacity: 1 }, to: { opacity: 0.25 } },
    animationDuration: "900ms",
    animationIterationCount: "infinite",
    animationDirection: "alternate",
    "@media (prefers-reduced-motion: reduce)": { animationName: "none" },
  },
  warning: { backgroundColor: tokens.colorPaletteMarigoldBorderActive },
  bad: { backgroundColor: tokens.colorPaletteRedForeground3 },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, wordBreak: "break-all" },
  copyable: { display: "inline-flex", alignItems: "center", minWidth: 0, maxWidth: "100%", columnGap: "2px" },
  absent: { color: tokens.colorNeutralForeground3 },
  tag: {
    display: "inline-block",
    padding: "0 8px",
    marginRight: "4px",
    borderRadius: tokens.borderRadiusCircular,
    backgroundColor: tokens.colorNeutralBackground4,
    fontSize: tokens.fontSizeBase200,
  },
});

export function StateMark({ tone, word }: { tone: Tone; word: string }) {
  const styles = useStyles();
  return (
    <span className={styles.state}>
      <span className={mergeClasses(styles.dot, styles[tone])} aria-hidden />
      <span className={styles.word}>{word}</span>
    </span>
  );
}

export function CopyButton({ text }: { text: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      window.setTimeout(() => setCopied(false), 1_500);
    });
  };
  const label = copied ? t("copied") : t("copy");
  return (
    <Tooltip content={label} relationship="label">
      <Button
        size="small"
        appearance="transparent"
        icon={copied ? <CheckmarkRegular /> : <CopyRegular />}
        onClick={copy}
        aria-live="polite"
      />
    </Tooltip>
  );
}

export interface FieldValueProps {
  field: FieldManifest;
  resource: Resource;
  texts: Texts;
}

export function FieldValue({ field, resource, texts }: FieldValueProps) {
  const styles = useStyles();
  const value = valueAt(resource, field.field);
  const written = formatValue(field.kind, value, texts.language);
  const absent = <span className={styles.absent}>–</span>;
  if ((written === "" && field.kind !== "boolean") || (field.kind === "tags" && written === "{}")) return absent;
  switch (field.kind) {
    case "state":
      return <StateMark tone={toneOf(written, field.tones)} word={texts.state(field.field, written)} />;
    case "word":
      return <>{texts.word(field.field, written)}</>;
    case "deed":
      return <>{texts.deed(written)}</>;
    case "boolean":
      return value === null || value === undefined ? absent : <>{texts.text(value === true ? "yes" : "no")}</>;
    case "reference":
      return field.reference === undefined ? (
        <>{written}</>
      ) : (
        <Reference reference={field.reference} id={written} resource={resource} />
      );
    case "tags":
      return (
        <>
          {Object.entries(value as Record<string, string>).map(([key, content]) => (
            <span key={key} className={styles.tag}>
              {content === "" ? key : `${key}: ${content}`}
            </span>
          ))}
        </>
      );
    default: {
      const shown = <span className={field.kind === "code" ? styles.code : styles.word}>{written}</span>;
      return field.copy === true ? (
        <span className={styles.copyable}>
          {shown}
          <CopyButton text={written} />
        </span>
      ) : (
        shown
      );
    }
  }
}
