/** The resource providers: how each is, what it limits, and which subscriptions it is not in sync with. */
import { Card, makeStyles, Subtitle2, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { StateMark } from "@/manifest/FieldValue";
import { amountText } from "@/pages/plans/amounts";
import { useProviders } from "@/pages/plans/ServicesTab";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({
  grid: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(340px, 100%), 1fr))",
    gap: "16px",
    marginBottom: "24px",
  },
  card: { gap: "8px", padding: "16px 20px", minWidth: 0 },
  head: { display: "flex", justifyContent: "space-between", gap: "12px", flexWrap: "wrap" },
  quiet: { color: tokens.colorNeutralForeground3, overflowWrap: "anywhere" },
  list: { margin: 0, paddingLeft: "18px" },
  scroll: { overflowX: "auto" },
  table: { minWidth: "640px" },
});

export default function Providers() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("providers");
  const providers = useProviders();
  usePageTitle(t("title"));
  return (
    <>
      <h1>{t("title")}</h1>
      <ProblemMessage error={providers.error} onRetry={() => void providers.refetch()} />
      <div className={styles.grid}>
        {providers.data?.map((provider) => (
          <Card key={provider.name} className={styles.card} role="group" aria-label={provider.title}>
            <div className={styles.head}>
              <Subtitle2 as="h2">{provider.title}</Subtitle2>
              <StateMark
                tone={provider.healthy ? "good" : "bad"}
                word={t(provider.healthy ? "healthy" : "unhealthy")}
              />
            </div>
            <div>{provider.sentence}</div>
            <div className={styles.quiet}>
              {provider.name} · {t("version", { version: provider.version })}
            </div>
            <div className={styles.quiet}>{t("dimensions")}</div>
            <ul className={styles.list}>
              {provider.dimensions.map((dimension) => (
                <li key={dimension.name}>
                  {dimension.title}{" "}
                  <span className={styles.quiet}>
                    {t("default", { amount: amountText(dimension.default, dimension.unit, i18n.language) })}
                  </span>
                </li>
              ))}
            </ul>
          </Card>
        ))}
      </div>
    </>
  );
}
