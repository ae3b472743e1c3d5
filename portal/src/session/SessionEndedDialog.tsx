/** Asks to sign in again over the page, whose forms keep what was typed and whose requests wait. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Text,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { session, useMe, useSessionState } from "./session";
import { SignInForm } from "./SignInForm";

export function SessionEndedDialog() {
  const { t } = useTranslation();
  const state = useSessionState();
  const me = useMe();
  return (
    <Dialog open={state === "ended"} modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("session.ended_title")}</DialogTitle>
          <DialogContent>
            <Text as="p" block>
              {t("session.ended_text")}
            </Text>
            <br />
            <SignInForm email={me.data?.email ?? ""} />
          </DialogContent>
          <DialogActions>
            <Button appearance="subtle" onClick={() => void session.signOut()}>
              {t("session.leave")}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
