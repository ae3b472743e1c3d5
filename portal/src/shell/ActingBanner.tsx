/** Says on every page that an administrator acts for somebody, and how to end it. */
import { Button, makeStyles, MessageBar, MessageBarActions, MessageBarBody } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { session, useMe } from "@/session/session";

const useStyles = makeStyles({ bar: { marginBottom: "8px", flexShrink: 0 } });

export function ActingBanner() {
  const styles = useStyles();
  const { t } = useTranslation();
  const me = useMe().data;
  if (me?.acting_for == null) return null;
  return (
    <MessageBar intent="warning" layout="multiline" className={styles.bar}>
      <MessageBarBody>{t("session.acting", { admin: me.email, email: me.acting_for.email })}</MessageBarBody>
      <MessageBarActions>
        <Button size="small" onClick={() => void session.signOut()}>
          {t("session.end_acting")}
        </Button>
      </MessageBarActions>
    </MessageBar>
  );
}
