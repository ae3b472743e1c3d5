/** The ways into the portal, in sections. Beside the page where there is room, over it where there is not. */
import {
  makeStyles,
  mergeClasses,
  OverlayDrawer,
  DrawerBody,
  DrawerHeader,
  DrawerHeaderTitle,
  Button,
  tokens,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { Link, useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { nearestEntry, useNavigation, type NavigationSection } from "./navigation";
import { ICONS } from "./icons";

const useStyles = makeStyles({
  rail: {
    gridRow: 2,
    gridColumn: 1,
    width: "220px",
    minHeight: 0,
    overflowY: "auto",
    padding: "8px",
    boxSizing: "border-box",
    backgroundColor: tokens.colorNeutralBackground2,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    "@media (max-width: 960px)": { display: "none" },
  },
  section: {
    margin: "16px 12px 4px",
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground3,
  },
  list: { listStyleType: "none", margin: 0, padding: 0 },
  link: {
    position: "relative",
    display: "flex",
    alignItems: "center",
    gap: "12px",
    padding: "8px 12px",
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: "none",
    ":hover": { backgroundColor: tokens.colorNeutralBackground2Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  active: {
    backgroundColor: tokens.colorNeutralBackground2Selected,
    fontWeight: tokens.fontWeightSemibold,
    "::before": {
      content: "''",
      position: "absolute",
      left: "2px",
      top: "9px",
      bottom: "9px",
      width: "3px",
      borderRadius: "2px",
      backgroundColor: tokens.colorBrandForeground1,
    },
  },
  icon: { fontSize: "20px", flexShrink: 0, color: tokens.colorBrandForeground1 },
});

export function Rail({ open, onClose }: { open: boolean; onClose: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const sections = useNavigation();
  return (
    <>
      <nav className={styles.rail} aria-label={t("shell.navigation")}>
        <Sections sections={sections} />
      </nav>
      <OverlayDrawer open={open} onOpenChange={onClose} size="small">
        <DrawerHeader>
          <DrawerHeaderTitle
            action={<Button appearance="subtle" aria-label={t("close")} icon={<DismissRegular />} onClick={onClose} />}
          >
            Zaffre
          </DrawerHeaderTitle>
        </DrawerHeader>
        <DrawerBody>
          <nav aria-label={t("shell.navigation")}>
            <Sections sections={sections} onFollow={onClose} />
          </nav>
        </DrawerBody>
      </OverlayDrawer>
    </>
  );
}

function Sections({ sections, onFollow }: { sections: readonly NavigationSection[]; onFollow?: () => void }) {
  const styles = useStyles();
  const { pathname } = useLocation();
  const here = nearestEntry(sections, pathname);
  return sections.map((section) => (
    <section key={section.id} aria-label={section.title ?? undefined}>
      {section.title === null ? null : <div className={styles.section}>{section.title}</div>}
      <ul className={styles.list}>
        {section.entries.map((entry) => {
          const Icon = ICONS[entry.icon];
          return (
            <li key={entry.to}>
              <Link
                to={entry.to}
                className={mergeClasses(styles.link, entry.to === here && styles.active)}
                // The router marks every address that this one begins with; only the nearest is where one is.
                activeProps={{}}
                aria-current={entry.to === here ? "page" : undefined}
                {...(onFollow === undefined ? {} : { onClick: onFollow })}
              >
                <Icon className={styles.icon} aria-hidden />
                {entry.title}
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  ));
}
