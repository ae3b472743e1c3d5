/** Another plan for a subscription: which, and what of it would not fit. */
import { Field, Input, makeStyles, Select } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import { usePortal } from "@/manifest/portal";
import type { DialogProps } from "@/manifest/types";
import { nameOf } from "@/manifest/values";
import { ApprovalOffer } from "@/pages/approvals/ApprovalOffer";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { ChangeDialog } from "../virtual-machines/ChangeDialog";

type Fit = TenantSchemas["PlanFitView"];
type Plan = TenantSchemas["PlanView"];

const SHOWN = "100";

const useStyles = makeStyles({ list: { margin: 0, paddingLeft: "20px", overflowWrap: "anywhere" } });

export default function ChangePlanDialog({ resource, onClose }: DialogProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("subscriptions");
  const face = usePortal().face;
  const cache = useQueryClient();
  const path = `/subscriptions/${resource.id}`;
  const [plan, setPlan] = useState("");
  const [code, setCode] = useState("");
  const plans = useQuery({
    queryKey: [...keys.type("plan"), "to-move-to", i18n.language],
    queryFn: async ({ signal }) => {
      const query = { $top: SHOWN, $filter: "state ne 'decommissioned'" };
      return (await call<Page<Plan>>("GET", "/plans", { query, signal })).body.value;
    },
  });
  const fit = useQuery({
    queryKey: [...keys.type("subscription"), "fit", resource.id, plan],
    queryFn: async ({ signal }) =>
      (await call<Fit>("GET", `${path}/change-plan-preview`, { query: { plan_id: plan }, signal })).body,
    enabled: plan !== "",
    staleTime: 0,
  });
  const chosen = plans.data?.find((each) => each.id === plan);
  // Administrators move anybody without one.
  const invited = face === "tenant" && chosen?.needs_invitation_code === true;
  const move = useMutation({
    mutationFn: () => {
      const body = { plan_id: plan, ...(invited ? { invitation_code: code } : {}) };
      return call<unknown>("POST", `${path}/change-plan`, { body });
    },
    onSuccess: async ({ operationId }) => {
      onClose(operationId);
      await cache.invalidateQueries({ queryKey: keys.type("subscription") });
    },
  });
  return (
    <ChangeDialog
      title={`${t("actions.change_plan.title")}: ${nameOf(resource)}`}
      submit={t("actions.change_plan.title")}
      ready={fit.data?.fits === true && (!invited || code !== "")}
      pending={move.isPending}
      error={move.error}
      onSubmit={() => move.mutate()}
      onClose={() => onClose()}
    >
      <ProblemMessage error={plans.error ?? fit.error} />
      <ApprovalOffer
        error={move.error}
        wish={{
          change: "change_plan",
          subscription_id: resource.id,
          plan_id: plan,
          ...(invited ? { invitation_code: code } : {}),
        }}
      />
      <Field label={t("change_plan.plan")} required>
        <Select value={plan} onChange={(_, data) => setPlan(data.value)}>
          <option value="">{t("change_plan.choose")}</option>
          {(plans.data ?? [])
            .filter((each) => each.id !== resource["plan_id"])
            .map((each) => (
              <option key={each.id} value={each.id}>
                {face === "tenant" ? each.display.name : each.name}
              </option>
            ))}
        </Select>
      </Field>
      {invited ? (
        <Field label={t("change_plan.code")} hint={t("change_plan.code_help")} required>
          <Input value={code} maxLength={100} autoComplete="off" onChange={(_, data) => setCode(data.value)} />
        </Field>
      ) : null}
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
