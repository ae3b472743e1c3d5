/** What was sent, and what was answered. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  makeStyles,
  Textarea,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { call, fillPath } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({ content: { display: "flex", flexDirection: "column", gap: "16px" } });

interface Delivery {
  body: string;
  excerpt: string | null;
}

export default function DeliveryDialog({ resource, manifest, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("webhook_deliveries");
  const { subscriptionId }: { subscriptionId?: string } = useParams({ strict: false });
  const path = `${fillPath(manifest.paths.list, { subscription_id: subscriptionId, ...resource })}/${resource.id}`;
  const delivery = useQuery({
    queryKey: ["webhook_delivery", path],
    queryFn: async ({ signal }) => (await call<Delivery>("GET", path, { signal })).body,
  });
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t("actions.look.title")}</DialogTitle>
          <DialogContent className={styles.content}>
            <ProblemMessage error={delivery.error} />
            <Field label={t("fields.body")}>
              <Textarea readOnly rows={10} value={formatted(delivery.data?.body ?? "")} />
            </Field>
            <Field label={t("fields.excerpt")}>
              <Textarea readOnly rows={4} value={delivery.data?.excerpt ?? ""} />
            </Field>
          </DialogContent>
          <DialogActions>
            <Button
              appearance="primary"
              onClick={() => {
                onClose();
              }}
            >
              {t("look.close")}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function formatted(body: string): string {
  return body === "" ? "" : JSON.stringify(JSON.parse(body), null, 2);
}
