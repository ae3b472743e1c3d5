/** What meters cost a subscription now, and the credits that its statements can use. */
import {
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import type { TabProps } from "@/manifest/types";
import { formatInstant } from "@/manifest/values";
import { moneyText } from "@/pages/offers/fees";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { Tiers } from "./Tiers";

type Rate = TenantSchemas["CurrentRateView"];
type Credit = TenantSchemas["CreditView"];

const useStyles = makeStyles({
  scroll: { overflowX: "auto", marginBottom: "24px" },
  table: { minWidth: "560px" },
  heading: { fontSize: tokens.fontSizeBase400 },
});

export default function PricesTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const rates = useListOf<Rate>(`/subscriptions/${resource.id}/rates`);
  const credits = useListOf<Credit>(`/subscriptions/${resource.id}/credits`);
  return (
    <>
      <ProblemMessage error={rates.error ?? credits.error} />
      <h2 className={styles.heading}>{t("prices.title")}</h2>
      {rates.data?.length === 0 ? <p>{t("prices.none")}</p> : null}
      {rates.data === undefined || rates.data.length === 0 ? null : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("prices.title")}>
          <Table size="small" className={styles.table} aria-label={t("prices.title")}>
            <TableHeader>
              <TableRow>
                {["meter", "state", "price", "since"].map((column) => (
                  <TableHeaderCell key={column}>{t(`prices.${column}`)}</TableHeaderCell>
                ))}
              </TableRow>
            </TableHeader>
            <TableBody>
              {rates.data.map((rate) => (
                <TableRow key={`${rate.meter} ${rate.state}`}>
                  <TableCell>{t(`consumption:meters.${rate.meter}`, { defaultValue: rate.title })}</TableCell>
                  <TableCell>
                    {rate.state === ""
                      ? t("prices.any_state")
                      : t(`consumption:states.${rate.state}`, { defaultValue: rate.state })}
                  </TableCell>
                  <TableCell>
                    <Tiers tiers={rate.tiers} currency={rate.currency} unit={rate.unit} />
                  </TableCell>
                  <TableCell>{formatInstant(rate.since, i18n.language)}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      <h2 className={styles.heading}>{t("prices.credits")}</h2>
      {credits.data?.length === 0 ? <p>{t("prices.no_credits")}</p> : null}
      <ul>
        {credits.data?.map((credit) => (
          <li key={credit.id}>
            {t("prices.credit", {
              name: credit.name,
              left: moneyText(credit.left, credit.currency, i18n.language),
              amount: moneyText(credit.amount, credit.currency, i18n.language),
            })}
            {credit.expires_at === null
              ? ""
              : ` · ${t("prices.until", { instant: formatInstant(credit.expires_at, i18n.language) })}`}
          </li>
        ))}
      </ul>
    </>
  );
}

function useListOf<Item>(path: string) {
  return useQuery({
    queryKey: ["money", path],
    queryFn: async ({ signal }) => (await call<Page<Item>>("GET", path, { signal })).body.value,
  });
}
