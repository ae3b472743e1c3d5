/** What is shown in a page's place when the page itself fails. The rest of the portal goes on. */
import { Button, MessageBar, MessageBarActions, MessageBarBody } from "@fluentui/react-components";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { ProblemMessage } from "./ProblemMessage";

/** A page's file is gone when the portal was renewed while this tab was open. */
function isOutOfDate(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|module script failed/i.test(error.message);
}

export function PageFailed({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  if (!isOutOfDate(error)) return <ProblemMessage error={error} onRetry={reset} />;
  return (
    <MessageBar intent="info" role="status">
      <MessageBarBody>{t("shell.updated")}</MessageBarBody>
      <MessageBarActions>
        <Button onClick={() => window.location.reload()}>{t("shell.reload")}</Button>
      </MessageBarActions>
    </MessageBar>
  );
}
