/** What tenants see of a plan or an add-on, and whether they see it at all. */
import { makeStyles, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import type { TabProps } from "@/manifest/types";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { draftOf, type AddOn, type Plan } from "./draft";
import { OfferPreview } from "./OfferPreview";
import { useProviders } from "./ServicesTab";

const useStyles = makeStyles({ tab: { display: "flex", flexDirection: "column", gap: "16px" } });

export default function PreviewTab({ resource, manifest }: TabProps) {
  const styles = useStyles();
  const { t } = useTranslation("offer_designer");
  const providers = useProviders();
  const kind = manifest.type === "plan" ? "plan" : "add_on";
  const offer = resource as unknown as Plan | AddOn;
  const plan = "add_ons" in offer ? offer : null;
  return (
    <div className={styles.tab}>
      <MessageBar intent={offer.state === "public" ? "success" : "info"} layout="multiline">
        <MessageBarBody>{t(`states_mean.${kind}.${offer.state}`)}</MessageBarBody>
      </MessageBar>
      <ProblemMessage error={providers.error} onRetry={() => void providers.refetch()} />
      {providers.data === undefined ? null : (
        <OfferPreview
          kind={kind}
          draft={draftOf(kind, offer, providers.data)}
          providers={providers.data}
          byInvitation={plan?.needs_invitation_code === true}
          linked={plan?.add_ons ?? []}
          level="h2"
        />
      )}
    </div>
  );
}
