/** Asks a program about a change that nobody wants, and shows what it answers. */
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
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";

const INTENTS = { approved: "success", refused: "warning", silent: "error" } as const;
const useStyles = makeStyles({
  content: { display: "flex", flexDirection: "column", gap: "12px" },
  said: { margin: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
});

export default function TrialDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("approval_programs");
  const cache = useQueryClient();
  const path = `${fillPath(manifest.paths.item ?? "", resource)}/test`;
  const trial = useQuery({
    queryKey: ["approval-program-test", path],
    queryFn: async () => (await call<AdminSchemas["ApprovalAskView"]>("POST", path)).body,
    retry: false,
    gcTime: 0,
    staleTime: Infinity,
  });
  const close = () => {
    void cache.invalidateQueries({ queryKey: keys.type("approval_ask") });
    void cache.invalidateQueries({ queryKey: keys.type("approval_program") });
    onClose();
  };
  const told = trial.data;
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : close())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("actions.test.title")}</DialogTitle>
          <DialogContent className={styles.content} aria-live="polite">
            <p className={styles.said}>{t("test.help")}</p>
            {trial.isPending ? <Spinner label={t("test.asking")} /> : null}
            <ProblemMessage error={trial.error} />
            {told === undefined ? null : (
              <>
                <MessageBar intent={INTENTS[told.outcome]} layout="multiline">
                  <MessageBarBody>
                    {t(`test.${told.outcome}`, {
                      answer: told.status === null ? t(`errors.${told.error ?? ""}`) : String(told.status),
                      ms: told.duration_ms,
                    })}
                  </MessageBarBody>
                </MessageBar>
                {told.reason === "" ? null : <p className={styles.said}>{t("test.said", { reason: told.reason })}</p>}
              </>
            )}
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={close}>
              {t("test.close")}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
