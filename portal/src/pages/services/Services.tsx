/** What else a subscription has: the services of resource providers in other processes. */
import { Card, makeStyles, Subtitle2, tokens } from "@fluentui/react-components";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { rememberSubscription } from "@/session/subscriptions";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { labelIn } from "./labels";
import { useServices } from "./useServices";

const useStyles = makeStyles({
  grid: { display: "grid", gridTemplateColumns: "repeat(auto-fill, minmax(min(320px, 100%), 1fr))", gap: "16px" },
  card: { gap: "8px", padding: "16px 20px", minWidth: 0 },
  quiet: { color: tokens.colorNeutralForeground3, margin: 0, overflowWrap: "anywhere" },
  list: { margin: 0, paddingLeft: "18px" },
  link: { color: tokens.colorBrandForegroundLink },
});

export default function Services() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("services");
  const { subscriptionId = "" }: { subscriptionId?: string } = useParams({ strict: false });
  const services = useServices(subscriptionId);
  usePageTitle(t("title"));
  useEffect(() => {
    rememberSubscription(subscriptionId);
  }, [subscriptionId]);
  return (
    <>
      <h1>{t("title")}</h1>
      <ProblemMessage error={services.error} onRetry={() => void services.refetch()} />
      {services.data?.length === 0 && <p>{t("none")}</p>}
      <div className={styles.grid}>
        {services.data?.map((service) => (
          <Card
            key={service.name}
            className={styles.card}
            role="group"
            aria-label={labelIn(service.title, i18n.language)}
          >
            <Subtitle2 as="h2">{labelIn(service.title, i18n.language)}</Subtitle2>
            {service.description !== "" && <p className={styles.quiet}>{service.description}</p>}
            <ul className={styles.list}>
              {service.collections.map((collection) => (
                <li key={collection.name}>
                  <Link
                    className={styles.link}
                    to={`/subscriptions/${subscriptionId}/services/${service.name}/${collection.name}`}
                  >
                    {labelIn(collection.title, i18n.language)}
                  </Link>
                </li>
              ))}
            </ul>
          </Card>
        ))}
      </div>
    </>
  );
}
