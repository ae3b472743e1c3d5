/** What the page is for, and which keys do what. */
import {
  Button,
  makeStyles,
  Popover,
  PopoverSurface,
  PopoverTrigger,
  tokens,
  Tooltip,
} from "@fluentui/react-components";
import { QuestionCircleRegular } from "@fluentui/react-icons";
import { useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { usePortal } from "@/manifest/portal";

const KEYS = [
  ["/", "search"],
  ["Ctrl+K", "palette"],
  ["Esc", "close"],
] as const;

const useStyles = makeStyles({
  surface: { width: "min(360px, calc(100vw - 32px))" },
  title: { margin: "0 0 8px", fontSize: tokens.fontSizeBase400 },
  section: { margin: "12px 0 4px", fontSize: tokens.fontSizeBase300 },
  keys: { display: "grid", gridTemplateColumns: "auto 1fr", gap: "6px 12px", margin: 0 },
  key: {
    padding: "0 6px",
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusSmall,
    fontSize: tokens.fontSizeBase200,
    justifySelf: "start",
    alignSelf: "start",
  },
  text: { margin: 0 },
});

export function HelpButton({ className }: { className: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const about = useAboutThisPage();
  return (
    <Popover positioning="below-end" trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Tooltip content={t("help.title")} relationship="label">
          <Button className={className} appearance="transparent" icon={<QuestionCircleRegular />} />
        </Tooltip>
      </PopoverTrigger>
      <PopoverSurface className={styles.surface} aria-label={t("help.title")} tabIndex={-1}>
        <h2 className={styles.title}>{t("help.title")}</h2>
        {about === null ? null : (
          <>
            <h3 className={styles.section}>{t("help.about")}</h3>
            <p className={styles.text}>{about}</p>
          </>
        )}
        <h3 className={styles.section}>{t("help.keys")}</h3>
        <dl className={styles.keys}>
          {KEYS.map(([key, what]) => (
            <div key={key} style={{ display: "contents" }}>
              <dt>
                <kbd className={styles.key}>{key}</kbd>
              </dt>
              <dd className={styles.text}>{t(`help.${what}`)}</dd>
            </div>
          ))}
        </dl>
        <p>{t("help.docs")}</p>
      </PopoverSurface>
    </Popover>
  );
}

/** The text `help` of the page's resource, else what its empty list says. */
function useAboutThisPage(): string | null {
  const portal = usePortal();
  const { pathname } = useLocation();
  const { t } = useTranslation(["frame", ...portal.resources.map((one) => one.namespace)]);
  const parts = pathname.split("/");
  const manifest = portal.resources.find((one) => parts.includes(one.slug));
  if (manifest === undefined) return null;
  const about = t([`${manifest.namespace}:help`, `${manifest.namespace}:empty_text`], { defaultValue: "" });
  return about === "" ? null : about;
}
