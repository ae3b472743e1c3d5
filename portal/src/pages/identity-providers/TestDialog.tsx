/** Asks an identity provider what it is, and says whether that can be used. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Spinner,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { call, fillPath } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({
  content: { display: "flex", flexDirection: "column", gap: "16px" },
  facts: { display: "grid", gridTemplateColumns: "max-content 1fr", gap: "4px 16px", margin: 0 },
  value: { margin: 0, overflowWrap: "anywhere" },
});

export default function TestDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("identity_providers");
  const path = `${fillPath(manifest.paths.item ?? "", resource)}/test`;
  const trial = useQuery({
    queryKey: ["identity-provider-test", path],
    queryFn: async () => (await call<AdminSchemas["ProviderTestView"]>("POST", path)).body,
    retry: false,
    gcTime: 0,
    staleTime: Infinity,
  });
  const facts: [string, string][] =
    trial.data === undefined
      ? []
      : [
          ["issuer", trial.data.issuer],
          ["authorization_endpoint", trial.data.authorization_endpoint],
          ["token_endpoint", trial.data.token_endpoint],
          ["algorithms", trial.data.algorithms.join(", ")],
          ["keys", String(trial.data.keys)],
        ];
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("actions.test.title")}</DialogTitle>
          <DialogContent className={styles.content} aria-live="polite">
            {trial.isPending ? <Spinner label={t("test.asking")} /> : null}
            <ProblemMessage error={trial.error} />
            {trial.data === undefined ? null : (
              <>
                <MessageBar intent="success" layout="multiline">
                  <MessageBarBody>{t("test.good")}</MessageBarBody>
                </MessageBar>
                <dl className={styles.facts}>
                  {facts.map(([name, value]) => (
                    <Fragment key={name}>
                      <dt>{t(`test.${name}`)}</dt>
                      <dd className={styles.value}>{value}</dd>
                    </Fragment>
                  ))}
                </dl>
              </>
            )}
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={() => onClose()}>
              {t("test.close")}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
