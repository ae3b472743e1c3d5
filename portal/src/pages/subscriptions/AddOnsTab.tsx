/** The add-ons that a subscription can have: how many it holds, how many it may hold, acquiring and releasing. */
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
import { useTranslation } from "react-i18next";

import { tenantApi, type TenantSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { useDimensionTitle } from "@/manifest/dimensionTitle";
import type { TabProps } from "@/manifest/types";
import { ApprovalOffer } from "@/pages/approvals/ApprovalOffer";
import { amountText } from "@/pages/plans/amounts";
import { usePermissions } from "@/session/session";
import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({
  scroll: { overflowX: "auto" },
  table: { minWidth: "640px" },
});

type HeldAddOn = TenantSchemas["HeldAddOnView"];

export default function AddOnsTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("subscriptions");
  const id = resource.id;
  const header = { "Accept-Language": i18n.language };
  const addOns = useQuery({
    queryKey: [...keys.type("subscription"), id, "add-ons", i18n.language],
    queryFn: async ({ signal }) => {
      const params = { path: { subscription_id: id }, header };
      return (await tenantApi.GET("/subscriptions/{subscription_id}/add-ons", { params, signal })).data?.value ?? [];
    },
  });
  if (addOns.data?.length === 0) return <p>{t("add_ons.none")}</p>;
  return (
    <>
      <ProblemMessage error={addOns.error} onRetry={() => void addOns.refetch()} />
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by itself, by keyboard too */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("add_ons.caption")}>
        <Table size="small" className={styles.table} aria-label={t("add_ons.caption")}>
          <TableHeader>
            <TableRow>
              {["name", "adds", "price", "held", "do"].map((column) => (
                <TableHeaderCell key={column}>{t(`add_ons.${column}`)}</TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {addOns.data?.map((addOn) => (
              <AddOnRow key={addOn.add_on_id} addOn={addOn} subscriptionId={id} />
            ))}
          </TableBody>
        </Table>
      </div>
    </>
  );
}

function AddOnRow({ addOn, subscriptionId }: { addOn: HeldAddOn; subscriptionId: string }) {
  const { t, i18n } = useTranslation("subscriptions");
  const titleOf = useDimensionTitle();
  const may = usePermissions();
  const cache = useQueryClient();
  const turn = useMutation({
    mutationFn: async (verb: "acquire" | "release") => {
      const params = { path: { subscription_id: subscriptionId, add_on_id: addOn.add_on_id } };
      if (verb === "acquire") {
        await tenantApi.POST("/subscriptions/{subscription_id}/add-ons/{add_on_id}/acquire", { params });
      } else {
        await tenantApi.POST("/subscriptions/{subscription_id}/add-ons/{add_on_id}/release", { params });
      }
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("subscription") }),
  });
  const adds = addOn.services.flatMap((service) => service.limits);
  const maximum = addOn.maximum === null ? t("add_ons.any") : String(addOn.maximum);
  const fee =
    addOn.fee === null ? "–" : `${addOn.fee.amount} ${addOn.fee.currency} / ${t(`add_ons.${addOn.fee.period}`)}`;
  const allowed = may("subscription.write");
  return (
    <TableRow>
      <TableCell>
        {addOn.display.name}
        <ProblemMessage error={turn.error} />
        <ApprovalOffer
          error={turn.error}
          wish={{ change: "acquire_add_on", subscription_id: subscriptionId, add_on_id: addOn.add_on_id }}
        />
      </TableCell>
      <TableCell>
        {adds.map((limit) => (
          <div key={limit.dimension}>
            {titleOf(limit.dimension, limit.title)}:{" "}
            {limit.limit === null ? t("add_ons.unlimited") : `+${amountText(limit.limit, limit.unit, i18n.language)}`}
          </div>
        ))}
      </TableCell>
      <TableCell>{addOn.display.price === "" ? fee : addOn.display.price}</TableCell>
      <TableCell>{t("add_ons.held_of", { held: addOn.held, maximum })}</TableCell>
      <TableCell>
        <Button
          size="small"
          disabled={!allowed || addOn.left === 0 || turn.isPending}
          aria-label={`${t("add_ons.acquire")}: ${addOn.display.name}`}
          onClick={() => turn.mutate("acquire")}
        >
          {t("add_ons.acquire")}
        </Button>{" "}
        <Button
          size="small"
          disabled={!allowed || addOn.held === 0 || turn.isPending}
          aria-label={`${t("add_ons.release")}: ${addOn.display.name}`}
          onClick={() => turn.mutate("release")}
        >
          {t("add_ons.release")}
        </Button>
      </TableCell>
    </TableRow>
  );
}
