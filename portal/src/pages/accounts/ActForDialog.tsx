/** Begins to act for a tenant: opens the tenant portal as them. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Link,
  makeStyles,
  MessageBar,
  MessageBarBody,
} from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { adminApi } from "@/api/clients";
import type { DialogProps } from "@/manifest/types";
import { useSiteSettings } from "@/pages/site/Settings";
import { ACTING_FRAGMENT } from "@/session/acting";
import type { Tokens } from "@/session/store";
import { formatValue } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

/** The tenant portal's address with the tokens behind the hash, which browsers send to no server. */
export function actingAddress(tokens: Tokens, port: string): string {
  const address = new URL("/", window.location.href);
  address.port = port;
  address.hash = ACTING_FRAGMENT + encodeURIComponent(JSON.stringify(tokens));
  return address.toString();
}

export default function ActForDialog({ resource, onClose }: DialogProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("accounts");
  const settings = useSiteSettings();
  const port = settings.data?.find((one) => one.key === "portal.tenant_port")?.value ?? "";
  const begin = useMutation({
    mutationFn: async () => {
      const path = { account_id: resource.id };
      return (await adminApi.POST("/accounts/{account_id}/sessions", { params: { path } })).data;
    },
  });
  const names = { name: resource.name ?? "", email: String(resource["email"]) };
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("act_for.title", names)}</DialogTitle>
          <DialogContent className={styles.content}>
            <div>{t("act_for.text", names)}</div>
            <ProblemMessage error={begin.error ?? settings.error} />
            {begin.data === undefined ? null : (
              <MessageBar intent="success" layout="multiline">
                <MessageBarBody>
                  {t("act_for.opened", { time: formatValue("date", begin.data.refresh_expires_at, i18n.language) })}{" "}
                  <Link href={actingAddress(begin.data, port)} target="_blank" rel="noopener">
                    {t("act_for.open", names)}
                  </Link>
                </MessageBarBody>
              </MessageBar>
            )}
          </DialogContent>
          <DialogActions>
            <Button onClick={() => onClose()}>{t("act_for.close")}</Button>
            {begin.data === undefined ? (
              <Button appearance="primary" disabled={begin.isPending || port === ""} onClick={() => begin.mutate()}>
                {t("act_for.start")}
              </Button>
            ) : null}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
