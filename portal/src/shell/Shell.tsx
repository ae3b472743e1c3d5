/** What surrounds every page: header, rail, breadcrumb. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { Outlet, useLocation } from "@tanstack/react-router";
import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { SessionEndedDialog } from "@/session/SessionEndedDialog";
import { ActingBanner } from "./ActingBanner";
import { Breadcrumb } from "./Breadcrumb";
import { Header } from "./Header";
import { Rail } from "./Rail";

const useStyles = makeStyles({
  shell: {
    display: "grid",
    gridTemplateRows: "48px minmax(0, 1fr)",
    gridTemplateColumns: "auto minmax(0, 1fr)",
    height: "100dvh",
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground1,
  },
  main: {
    gridRow: 2,
    gridColumn: 2,
    minWidth: 0,
    minHeight: 0,
    overflowY: "auto",
    padding: "12px 24px 16px",
    display: "flex",
    flexDirection: "column",
    outlineStyle: "none",
    "@media (max-width: 640px)": { padding: "8px 12px 12px" },
  },
  page: {
    flexGrow: 1,
    minHeight: 0,
    display: "flex",
    flexDirection: "column",
    // Cards hide what does not fit into them, so that a long form on a small screen must not be pressed together.
    "& > .fui-Card": { flexShrink: 0 },
  },
  skip: {
    position: "absolute",
    left: "8px",
    top: "-60px",
    zIndex: 10,
    padding: "8px 16px",
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForegroundLink,
    ":focus": { top: "8px" },
  },
});

export function Shell() {
  const styles = useStyles();
  const { t } = useTranslation();
  const [railOpen, setRailOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  useFocusOnNewPage(main);
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {t("shell.skip")}
      </a>
      <Header onMenu={() => setRailOpen(true)} />
      <Rail open={railOpen} onClose={() => setRailOpen(false)} />
      <main className={styles.main} id="content" ref={main} tabIndex={-1}>
        <ActingBanner />
        <Breadcrumb />
        <div className={styles.page}>
          <Suspense fallback={null}>
            <Outlet />
          </Suspense>
        </div>
      </main>
      <SessionEndedDialog />
    </div>
  );
}

/** Whoever reads by ear, or goes by keyboard, continues at the new page and not where the old link was. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation();
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.focus({ preventScroll: true });
    main.current?.scrollTo({ top: 0 });
  }, [main, pathname]);
}
