/** What somebody sees who is not signed in. */
import { Button, makeStyles, tokens } from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { usePortal } from "@/manifest/portal";
import { usePageTitle } from "@/shell/pageTitle";
import { SignInForm } from "./SignInForm";
import { SignUpForm } from "./SignUpForm";

const useStyles = makeStyles({
  page: {
    minHeight: "100vh",
    boxSizing: "border-box",
    display: "flex",
    alignItems: "center",
    justifyContent: "center",
    padding: "16px",
    backgroundColor: tokens.colorNeutralBackground3,
  },
  card: {
    width: "100%",
    maxWidth: "400px",
    boxSizing: "border-box",
    padding: "32px",
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow16,
  },
  brand: { display: "flex", alignItems: "center", gap: "12px", marginBottom: "24px" },
  title: { margin: 0, fontSize: tokens.fontSizeBase600, fontWeight: tokens.fontWeightSemibold },
  other: { marginTop: "16px", textAlign: "center" },
});

export function SignInPage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const { face } = usePortal();
  const [isNew, setNew] = useState(false);
  const title = isNew ? t("session.sign_up_title") : t(`session.sign_in_title_${face}`);
  usePageTitle(title);
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <img src="/zaffre.svg" alt="" width={32} height={32} />
          <h1 className={styles.title}>{title}</h1>
        </div>
        {isNew ? <SignUpForm /> : <SignInForm />}
        {face === "tenant" ? (
          <div className={styles.other}>
            <Button appearance="transparent" onClick={() => setNew(!isNew)}>
              {isNew ? t("session.have_account") : t("session.no_account")}
            </Button>
          </div>
        ) : null}
      </div>
    </main>
  );
}
