/** The prices of a rate card: those that count now, those to come and those of the past; and setting another. */
import {
  Badge,
  Button,
  makeStyles,
  Switch,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import type { TabProps } from "@/manifest/types";
import { formatInstant } from "@/manifest/values";
import { usePermissions } from "@/session/session";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { RateDialog } from "./RateDialog";
import { phasesOf, type Rate } from "./rates";
import { Tiers } from "./Tiers";

/** As many as are shown; the API pages through all. */
const SHOWN = 500;

const useStyles = makeStyles({
  bar: { display: "flex", gap: "16px", alignItems: "center", flexWrap: "wrap", marginBottom: "8px" },
  scroll: { overflowX: "auto" },
  table: { minWidth: "720px" },
});

export default function RatesTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t } = useTranslation(["money", "consumption"]);
  const may = usePermissions()("rate.admin");
  const [past, setPast] = useState(false);
  const [asked, setAsked] = useState<Rate | "new" | null>(null);
  const path = `/rate-cards/${resource.id}/rates`;
  const rates = useQuery({
    queryKey: keys.facet("rate_card", resource.id, "rates"),
    queryFn: async ({ signal }) => (await call<Page<Rate>>("GET", path, { signal, query: { $top: SHOWN } })).body.value,
  });
  const phases = phasesOf(rates.data ?? [], Date.now());
  const shown = phases.filter((one) => past || one.phase !== "past");
  const currency = String(resource["currency"]);
  return (
    <>
      <div className={styles.bar}>
        <Button appearance="primary" disabled={!may} onClick={() => setAsked("new")}>
          {t("rates.set")}
        </Button>
        <Switch label={t("rates.past")} checked={past} onChange={(_, data) => setPast(data.checked)} />
      </div>
      <ProblemMessage error={rates.error} onRetry={() => void rates.refetch()} />
      {rates.data?.length === 0 ? <p>{t("rates.none")}</p> : null}
      {shown.length === 0 ? null : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("rates.title")}>
          <Table size="small" className={styles.table} aria-label={t("rates.title")}>
            <TableHeader>
              <TableRow>
                {["meter", "state", "price", "from", "phase", "do"].map((column) => (
                  <TableHeaderCell key={column}>{t(`rates.${column}`)}</TableHeaderCell>
                ))}
              </TableRow>
            </TableHeader>
            <TableBody>
              {shown.map(({ rate, phase }) => (
                <RateRow
                  key={rate.id}
                  rate={rate}
                  phase={phase}
                  currency={currency}
                  path={path}
                  may={may}
                  onChange={() => setAsked(rate)}
                />
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {asked === null ? null : (
        <RateDialog card={resource} like={asked === "new" ? null : asked} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

interface RateRowProps {
  rate: AdminSchemas["RateView"];
  phase: "now" | "coming" | "past";
  currency: string;
  path: string;
  may: boolean;
  onChange: () => void;
}

const COLOURS = { now: "success", coming: "informative", past: "subtle" } as const;

function RateRow({ rate, phase, currency, path, may, onChange }: RateRowProps) {
  const { t, i18n } = useTranslation(["money", "consumption"]);
  const cache = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => call<unknown>("DELETE", `${path}/${rate.id}`),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.facet("rate_card", rate.rate_card_id, "rates") }),
  });
  const title = t(`consumption:meters.${rate.meter}`, { defaultValue: rate.title });
  const state =
    rate.state === "" ? t("prices.any_state") : t(`consumption:states.${rate.state}`, { defaultValue: rate.state });
  return (
    <TableRow>
      <TableCell>
        {title}
        <ProblemMessage error={withdraw.error} />
      </TableCell>
      <TableCell>{state}</TableCell>
      <TableCell>
        <Tiers tiers={rate.tiers} currency={currency} unit={rate.unit} />
      </TableCell>
      <TableCell>{formatInstant(rate.effective_from, i18n.language)}</TableCell>
      <TableCell>
        <Badge appearance="tint" color={COLOURS[phase]}>
          {t(`rates.phases.${phase}`)}
        </Badge>
      </TableCell>
      <TableCell>
        {phase === "coming" ? (
          <Button
            size="small"
            disabled={!may || withdraw.isPending}
            aria-label={`${t("rates.withdraw")}: ${title}`}
            onClick={() => withdraw.mutate()}
          >
            {t("rates.withdraw")}
          </Button>
        ) : null}
        {phase === "now" ? (
          <Button size="small" disabled={!may} aria-label={`${t("rates.change")}: ${title}`} onClick={onChange}>
            {t("rates.change")}
          </Button>
        ) : null}
      </TableCell>
    </TableRow>
  );
}
