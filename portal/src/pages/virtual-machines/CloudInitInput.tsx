/** An editor for cloud-init's user-data: line numbers, templates, and a check before anything is sent. */
import {
  Button,
  makeStyles,
  Menu,
  MenuButton,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  mergeClasses,
  tokens,
} from "@fluentui/react-components";
import { useEffect, useId, useRef, useState, type ChangeEvent, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import type { InputProps } from "@/manifest/types";
import { faultOf, TEMPLATE_IDS, TEMPLATES, userDataKind, type Fault, type TemplateId } from "./cloudConfig";

const LINE = "20px";
const useStyles = makeStyles({
  editor: { display: "flex", flexDirection: "column", gap: "8px", minWidth: 0 },
  bar: { display: "flex", flexWrap: "wrap", gap: "8px", alignItems: "center" },
  box: {
    display: "flex",
    height: "320px",
    overflow: "hidden",
    border: `1px solid ${tokens.colorNeutralStrokeAccessible}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    ":focus-within": { outline: `2px solid ${tokens.colorBrandStroke1}`, outlineOffset: "-1px" },
  },
  gutter: {
    flexShrink: 0,
    minWidth: "36px",
    padding: "8px 8px 8px 4px",
    overflow: "hidden",
    textAlign: "right",
    userSelect: "none",
    color: tokens.colorNeutralForeground3,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: "13px",
    lineHeight: LINE,
  },
  wrong: { color: tokens.colorPaletteRedForeground1, fontWeight: tokens.fontWeightBold },
  text: {
    flexGrow: 1,
    minWidth: 0,
    padding: "8px",
    border: "none",
    outline: "none",
    resize: "none",
    whiteSpace: "pre",
    overflow: "auto",
    color: tokens.colorNeutralForeground1,
    backgroundColor: "transparent",
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: "13px",
    lineHeight: LINE,
    tabSize: 2,
  },
  status: { margin: 0, fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground2, minHeight: "16px" },
  bad: { color: tokens.colorPaletteRedForeground1 },
  file: { display: "none" },
});

/** As the API bounds it. */
export const MOST_CHARACTERS = 65_536;
const CHECK_PAUSE_MS = 300;

export function CloudInitInput({ value, onChange, error, id, label }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation(["virtual_machines", "frame"]);
  const text = typeof value === "string" ? value : "";
  const [fault, setFault] = useState<Fault | null>(null);
  const [asked, setAsked] = useState<TemplateId | null>(null);
  const [unread, setUnread] = useState(false);
  const gutter = useRef<HTMLDivElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const statusId = useId();

  useEffect(() => {
    let current = true;
    const timer = window.setTimeout(() => {
      void faultOf(text).then((found) => {
        if (current) setFault(found);
      });
    }, CHECK_PAUSE_MS);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [text]);

  const take = (template: TemplateId) => {
    setAsked(null);
    onChange(TEMPLATES[template]);
  };
  const choose = (template: TemplateId) => {
    const untouched = text.trim() === "" || TEMPLATE_IDS.some((one) => TEMPLATES[one] === text);
    if (untouched) take(template);
    else setAsked(template);
  };
  const upload = (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.target.files?.[0];
    event.target.value = "";
    if (chosen === undefined) return;
    setUnread(chosen.size > MOST_CHARACTERS);
    if (chosen.size <= MOST_CHARACTERS) void chosen.text().then(onChange);
  };
  const lines = text.split("\n").length;
  return (
    <div className={styles.editor}>
      <div className={styles.bar}>
        <Menu>
          <MenuTrigger disableButtonEnhancement>
            <MenuButton size="small">{t("cloud_init.template")}</MenuButton>
          </MenuTrigger>
          <MenuPopover>
            <MenuList>
              {TEMPLATE_IDS.map((template) => (
                <MenuItem key={template} onClick={() => choose(template)}>
                  {t(`cloud_init.templates.${template}`)}
                </MenuItem>
              ))}
            </MenuList>
          </MenuPopover>
        </Menu>
        <Button size="small" onClick={() => file.current?.click()}>
          {t("cloud_init.upload")}
        </Button>
        <input
          ref={file}
          type="file"
          className={styles.file}
          aria-label={t("cloud_init.upload")}
          accept=".yaml,.yml,.cfg,.txt,.sh,text/*"
          onChange={upload}
        />
      </div>
      {asked === null ? null : (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{t("cloud_init.replace")}</MessageBarBody>
          <MessageBarActions>
            <Button size="small" onClick={() => take(asked)}>
              {t("cloud_init.replace_yes")}
            </Button>
            <Button size="small" onClick={() => setAsked(null)}>
              {t("cloud_init.replace_no")}
            </Button>
          </MessageBarActions>
        </MessageBar>
      )}
      <div className={styles.box}>
        <div ref={gutter} className={styles.gutter} aria-hidden>
          {Array.from({ length: lines }, (_, place) => (
            <div key={place} className={mergeClasses(fault?.line === place + 1 && styles.wrong)}>
              {place + 1}
            </div>
          ))}
        </div>
        <textarea
          id={id}
          className={styles.text}
          value={text}
          maxLength={MOST_CHARACTERS}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          aria-label={label}
          aria-describedby={statusId}
          aria-invalid={fault !== null || error !== null}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => keepIndent(event, onChange)}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <p id={statusId} className={mergeClasses(styles.status, fault !== null && styles.bad)} role="status">
        {unread ? t("cloud_init.too_large", { count: MOST_CHARACTERS }) : null}
        {fault === null
          ? t(`cloud_init.kinds.${userDataKind(text)}`)
          : `${t("cloud_init.line", { line: fault.line })} ${t(`cloud_init.faults.${fault.key}`, { detail: fault.detail })}`}
      </p>
    </div>
  );
}

/** A new line begins where the one before began, as YAML wants it. */
function keepIndent(event: KeyboardEvent<HTMLTextAreaElement>, onChange: (text: string) => void): void {
  if (event.key !== "Enter" || event.ctrlKey || event.altKey || event.metaKey || event.nativeEvent.isComposing) return;
  const area = event.currentTarget;
  const before = area.value.slice(0, area.selectionStart);
  const indent = /[^\n]*$/.exec(before)?.[0].match(/^ */)?.[0] ?? "";
  if (indent === "") return;
  event.preventDefault();
  area.setRangeText(`\n${indent}`, area.selectionStart, area.selectionEnd, "end");
  onChange(area.value);
}

export default CloudInitInput;
