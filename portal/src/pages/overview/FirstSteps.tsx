/** What is still missing until tenants can subscribe. Gone as soon as nothing is. */
import { Card, makeStyles, Subtitle2, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled, CircleRegular } from "@fluentui/react-icons";
import { useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { FluentButtonLink } from "./FluentButtonLink";

const useStyles = makeStyles({
  card: { gap: "8px", padding: "16px 20px", marginBottom: "20px", backgroundColor: tokens.colorBrandBackground2 },
  list: { listStyle: "none", margin: 0, padding: 0, display: "flex", flexWrap: "wrap", gap: "8px 24px" },
  step: { display: "inline-flex", alignItems: "center", gap: "6px" },
  done: { color: tokens.colorPaletteGreenForeground1 },
});

/** In the order in which they are done; each needs those before it. */
const STEPS = [
  { id: "stamp", type: "stamp", path: "/stamps", to: "/stamps/new" },
  { id: "network", type: "logical_network", path: "/logical-networks", to: "/logical-networks/new" },
  { id: "host", type: "host", path: "/hosts", to: "/hosts/new" },
  { id: "cloud", type: "cloud", path: "/clouds", to: "/clouds/new" },
  { id: "image", type: "image", path: "/images", to: "/images/new" },
  { id: "size", type: "size", path: "/sizes", to: "/sizes/new" },
  { id: "plan", type: "plan", path: "/plans", to: "/plans/new" },
] as const;

export function FirstSteps() {
  const styles = useStyles();
  const { t } = useTranslation("overview");
  const found = useQueries({
    queries: STEPS.map((step) => ({
      queryKey: [...keys.lists(step.type), "any"],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await call<Page<Resource>>("GET", step.path, { signal, query: { $top: 1 } })).body.value.length > 0,
    })),
  });
  if (found.some((query) => query.data === undefined) || found.every((query) => query.data === true)) return null;
  return (
    <Card className={styles.card} role="group" aria-label={t("setup.title")}>
      <Subtitle2 as="h2">{t("setup.title")}</Subtitle2>
      <div>{t("setup.text")}</div>
      <ol className={styles.list}>
        {STEPS.map((step, index) => (
          <li key={step.id} className={styles.step}>
            {found[index]?.data === true ? (
              <>
                <CheckmarkCircleFilled className={styles.done} aria-hidden />
                <s>{t(`setup.${step.id}`)}</s>
              </>
            ) : (
              <>
                <CircleRegular aria-hidden />
                <FluentButtonLink to={step.to}>{t(`setup.${step.id}`)}</FluentButtonLink>
              </>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}
