/** Which plans a rate card prices, and since or from when. */
import {
  Button,
  makeStyles,
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
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import { Reference } from "@/manifest/Reference";
import type { TabProps } from "@/manifest/types";
import { formatInstant } from "@/manifest/values";
import { usePermissions } from "@/session/session";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { UseDialog } from "./UseDialog";

type Use = AdminSchemas["RateCardUseView"];

const SHOWN = 200;
export const USES_KEY = ["rate-card-uses"] as const;

const useStyles = makeStyles({
  bar: { marginBottom: "8px" },
  scroll: { overflowX: "auto" },
  table: { minWidth: "560px" },
});

export default function UsesTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t } = useTranslation("money");
  const may = usePermissions()("rate.admin");
  const [asking, setAsking] = useState(false);
  const uses = useQuery({
    queryKey: USES_KEY,
    queryFn: async ({ signal }) =>
      (await call<Page<Use>>("GET", "/rate-card-uses", { signal, query: { $top: SHOWN } })).body.value,
  });
  const own = uses.data?.filter((one) => one.rate_card_id === resource.id) ?? [];
  return (
    <>
      <div className={styles.bar}>
        <Button appearance="primary" disabled={!may} onClick={() => setAsking(true)}>
          {t("uses.use")}
        </Button>
      </div>
      <ProblemMessage error={uses.error} onRetry={() => void uses.refetch()} />
      {own.length === 0 ? <p>{t("uses.none")}</p> : null}
      {own.length === 0 ? null : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("uses.title")}>
          <Table size="small" className={styles.table} aria-label={t("uses.title")}>
            <TableHeader>
              <TableRow>
                {["plan", "from", "until", "do"].map((column) => (
                  <TableHeaderCell key={column}>{t(`uses.${column}`)}</TableHeaderCell>
                ))}
              </TableRow>
            </TableHeader>
            <TableBody>
              {own.map((use) => (
                <UseRow key={use.id} use={use} next={nextOf(use, uses.data ?? [])} may={may} />
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {asking ? <UseDialog card={resource} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function UseRow({ use, next, may }: { use: Use; next: Use | null; may: boolean }) {
  const { t, i18n } = useTranslation("money");
  const cache = useQueryClient();
  const [opened] = useState(() => Date.now());
  const withdraw = useMutation({
    mutationFn: () => call<unknown>("DELETE", `/rate-card-uses/${use.id}`),
    onSuccess: () => cache.invalidateQueries({ queryKey: USES_KEY }),
  });
  return (
    <TableRow>
      <TableCell>
        {use.plan_id === null ? (
          t("uses.all_plans")
        ) : (
          <Reference reference={{ type: "plan" }} id={use.plan_id} resource={{ id: use.id }} />
        )}
        <ProblemMessage error={withdraw.error} />
      </TableCell>
      <TableCell>{formatInstant(use.effective_from, i18n.language)}</TableCell>
      <TableCell>{next === null ? "–" : formatInstant(next.effective_from, i18n.language)}</TableCell>
      <TableCell>
        {Date.parse(use.effective_from) > opened ? (
          <Button size="small" disabled={!may || withdraw.isPending} onClick={() => withdraw.mutate()}>
            {t("rates.withdraw")}
          </Button>
        ) : null}
      </TableCell>
    </TableRow>
  );
}

/** What follows a use for the same plan. */
function nextOf(use: Use, uses: readonly Use[]): Use | null {
  const later = uses.filter((one) => one.plan_id === use.plan_id && one.effective_from > use.effective_from);
  return later.sort((one, other) => (one.effective_from < other.effective_from ? -1 : 1))[0] ?? null;
}
