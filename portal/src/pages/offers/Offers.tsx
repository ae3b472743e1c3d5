/** The plans on offer: as cards or side by side, and the way to subscribe. */
import {
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  ToggleButton,
  tokens,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi, type TenantSchemas } from "@/api/clients";
import { useDimensionTitle } from "@/manifest/dimensionTitle";
import { usePermissions } from "@/session/session";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { faceOf, OfferFace, useLimitText, usePriceText } from "./OfferFace";
import { SubscribeDialog } from "./SubscribeDialog";

export type Plan = TenantSchemas["PlanView"];

/** More than anybody would read; a site that offers more has it searched through the API. */
const MOST_PLANS = 60;

const useStyles = makeStyles({
  head: { display: "flex", justifyContent: "space-between", alignItems: "baseline", gap: "12px", flexWrap: "wrap" },
  text: { color: tokens.colorNeutralForeground2, marginTop: 0 },
  grid: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(300px, 100%), 1fr))",
    gap: "16px",
  },
  scroll: { overflowX: "auto" },
  cell: { minWidth: "160px" },
});

export function usePlans() {
  const { i18n } = useTranslation();
  return useQuery({
    queryKey: ["resource", "plan", "offered", i18n.language],
    queryFn: async ({ signal }) => {
      const query = { $top: MOST_PLANS, $orderby: "name" };
      const header = { "Accept-Language": i18n.language };
      return (await tenantApi.GET("/plans", { params: { query, header }, signal })).data?.value ?? [];
    },
  });
}

export default function Offers() {
  const styles = useStyles();
  const { t } = useTranslation("offers");
  const plans = usePlans();
  const [comparing, setComparing] = useState(false);
  const [chosen, setChosen] = useState<Plan | null>(null);
  usePageTitle(t("title"));
  return (
    <>
      <div className={styles.head}>
        <h1>{t("title")}</h1>
        {(plans.data?.length ?? 0) > 1 ? (
          <ToggleButton checked={comparing} onClick={() => setComparing(!comparing)}>
            {t("compare")}
          </ToggleButton>
        ) : null}
      </div>
      <p className={styles.text}>{t("text")}</p>
      <ProblemMessage error={plans.error} onRetry={() => void plans.refetch()} />
      {plans.data?.length === 0 ? <p>{t("none")}</p> : null}
      {comparing ? (
        <Comparison plans={plans.data ?? []} onChoose={setChosen} />
      ) : (
        <div className={styles.grid}>
          {plans.data?.map((plan) => (
            <OfferFace key={plan.id} face={faceOf(plan)}>
              <div>
                <SubscribeButton plan={plan} onChoose={setChosen} />
              </div>
            </OfferFace>
          ))}
        </div>
      )}
      {chosen === null ? null : <SubscribeDialog plan={chosen} onClose={() => setChosen(null)} />}
    </>
  );
}

function SubscribeButton({ plan, onChoose }: { plan: Plan; onChoose: (plan: Plan) => void }) {
  const { t } = useTranslation("offers");
  const may = usePermissions();
  return (
    <Button
      appearance="primary"
      disabled={!may("subscription.write")}
      aria-label={`${t("subscribe")}: ${plan.display.name}`}
      onClick={() => onChoose(plan)}
    >
      {t("subscribe")}
    </Button>
  );
}

/** What stands below a plan's name in the comparison. */
function Price({ plan }: { plan: Plan }) {
  const { t } = useTranslation("offers");
  const price = usePriceText()({ price: plan.display.price, fee: plan.fee });
  return (
    <>
      {price === "" ? null : <div>{price}</div>}
      {plan.needs_invitation_code ? <div>{t("by_invitation")}</div> : null}
    </>
  );
}

function Comparison({ plans, onChoose }: { plans: readonly Plan[]; onChoose: (plan: Plan) => void }) {
  const styles = useStyles();
  const { t } = useTranslation("offers");
  const titleOf = useDimensionTitle();
  const limitText = useLimitText();
  const rows = new Map(
    plans.flatMap((plan) =>
      plan.services.flatMap((service) => service.limits.map((limit) => [limit.dimension, limit.title] as const)),
    ),
  );
  const limitOf = (plan: Plan, dimension: string) =>
    plan.services.flatMap((service) => service.limits).find((limit) => limit.dimension === dimension);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("compare_title")}>
      <Table aria-label={t("compare_title")}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.cell}>{t("what")}</TableHeaderCell>
            {plans.map((plan) => (
              <TableHeaderCell key={plan.id} className={styles.cell}>
                {plan.display.name}
                <Price plan={plan} />
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {[...rows].map(([dimension, title]) => (
            <TableRow key={dimension}>
              <TableCell className={styles.cell}>{titleOf(dimension, title)}</TableCell>
              {plans.map((plan) => {
                const limit = limitOf(plan, dimension);
                return (
                  <TableCell key={plan.id} className={styles.cell}>
                    {limit === undefined ? t("not_offered") : limitText(limit)}
                  </TableCell>
                );
              })}
            </TableRow>
          ))}
          <TableRow>
            <TableCell className={styles.cell} />
            {plans.map((plan) => (
              <TableCell key={plan.id} className={styles.cell}>
                <SubscribeButton plan={plan} onChoose={onChoose} />
              </TableCell>
            ))}
          </TableRow>
        </TableBody>
      </Table>
    </div>
  );
}
