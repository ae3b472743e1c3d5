/** A plan as tenants see it on the page where they choose one. */
import { Badge, Button, Card, makeStyles, Text, Title3, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { amountText } from "./amounts";
import type { PlanDraft, Provider } from "./draft";

const useStyles = makeStyles({
  card: { gap: "12px", padding: "20px", minWidth: 0 },
  name: { overflowWrap: "anywhere" },
  description: { color: tokens.colorNeutralForeground2, overflowWrap: "anywhere" },
  service: { display: "flex", flexDirection: "column", gap: "4px" },
  list: { margin: 0, paddingLeft: "18px", lineHeight: tokens.lineHeightBase400 },
});

export function PlanPreview({ draft, providers }: { draft: PlanDraft; providers: readonly Provider[] }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("plans");
  const offered = providers.filter((provider) => draft.services[provider.name]?.offered === true);
  return (
    <Card className={styles.card}>
      <Title3 as="h3" className={styles.name}>
        {draft.name.trim() === "" ? t("designer.preview_name") : draft.name}
      </Title3>
      {draft.description.trim() === "" ? null : <Text className={styles.description}>{draft.description}</Text>}
      {offered.length === 0 ? <Text>{t("designer.nothing")}</Text> : null}
      {offered.map((provider) => (
        <div key={provider.name} className={styles.service}>
          <div>
            <Badge appearance="tint">{provider.title}</Badge>
          </div>
          <ul className={styles.list}>
            {provider.dimensions.map((dimension) => {
              const typed = draft.services[provider.name]?.quota[dimension.name];
              const amount =
                typed === null || typed === undefined
                  ? t("designer.no_limit")
                  : t("designer.up_to", { amount: amountText(Number(typed), dimension.unit, i18n.language) });
              return (
                <li key={dimension.name}>
                  {dimension.title}: {amount}
                </li>
              );
            })}
          </ul>
        </div>
      ))}
      <div>
        <Button appearance="primary" disabledFocusable>
          {t("designer.subscribe")}
        </Button>
      </div>
    </Card>
  );
}
