/** Another plan for a subscription: which, and what of it would not fit. */
import { Field, makeStyles, Select } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import type { DialogProps } from "@/manifest/types";
import { nameOf } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { ChangeDialog } from "../virtual-machines/ChangeDialog";

type Fit = TenantSchemas["PlanFitView"];

const SHOWN = "100";

const useStyles = makeStyles({ list: { margin: 0, paddingLeft: "20px", overflowWrap: "anywhere" } });

export default function ChangePlanDialog({ resource, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("subscriptions");
  const cache = useQueryClient();
  const path = `/subscriptions/${resource.id}`;
  const [plan, setPlan] = useState("");
  const plans = useQuery({
    queryKey: [...keys.type("plan"), "to-move-to"],
    queryFn: async ({ signal }) => {
      const query = { $top: SHOWN, $filter: "state ne 'decommissioned'" };
      return (await call<Page<Resource>>("GET", "/plans", { query, signal })).body.value;
    },
  });
  const fit = useQuery({
    queryKey: [...keys.type("subscription"), "fit", resource.id, plan],
    queryFn: async ({ signal }) =>
      (await call<Fit>("GET", `${path}/change-plan-preview`, { query: { plan_id: plan }, signal })).body,
    enabled: plan !== "",
    staleTime: 0,
  });
  const move = useMutation({
    mutationFn: () => call<unknown>("POST", `${path}/change-plan`, { body: { plan_id: plan } }),
    onSuccess: async ({ operationId }) => {
      onClose(operationId);
      await cache.invalidateQueries({ queryKey: keys.type("subscription") });
    },
  });
  return (
    <ChangeDialog
      title={`${t("actions.change_plan.title")}: ${nameOf(resource)}`}
      submit={t("actions.change_plan.title")}
      ready={fit.data?.fits === true}
      pending={move.isPending}
      error={move.error}
      onSubmit={() => move.mutate()}
      onClose={() => onClose()}
    >
      <ProblemMessage error={plans.error ?? fit.error} />
      <Field label={t("change_plan.plan")} required>
        <Select value={plan} onChange={(_, data) => setPlan(data.value)}>
          <option value="">{t("change_plan.choose")}</option>
          {(plans.data ?? [])
            .filter((each) => each.id !== resource["plan_id"])
            .map((each) => (
              <option key={each.id} value={each.id}>
                {nameOf(each)}
              </option>
            ))}
        </Select>
      </Field>
      {fit.data === undefined ? null : (
        <div role="status">
          {fit.data.fits ? t("change_plan.fits") : t("change_plan.does_not_fit")}
          {fit.data.fits ? null : (
            <ul className={styles.list}>
              {fit.data.obstacles.map((each) => (
                <li key={each.sentence}>{each.sentence}</li>
              ))}
            </ul>
          )}
        </div>
      )}
    </ChangeDialog>
  );
}
