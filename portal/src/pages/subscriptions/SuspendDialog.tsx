/** Asks before a subscription is suspended, and says what its plan's policy will do with how many machines. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { adminApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { nameOf } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { ChangeDialog } from "../virtual-machines/ChangeDialog";

export default function SuspendDialog({ resource, onClose }: DialogProps) {
  const { t } = useTranslation("subscriptions");
  const cache = useQueryClient();
  const effect = useQuery({
    queryKey: [...keys.type("subscription"), "suspend", resource.id],
    queryFn: async () => {
      const planId = String(resource["plan_id"]);
      const filter = `subscription_id eq ${resource.id} and state eq 'running'`;
      const [plan, machines] = await Promise.all([
        adminApi.GET("/plans/{plan_id}", { params: { path: { plan_id: planId } } }),
        adminApi.GET("/virtual-machines", {
          params: { query: { $filter: filter, $top: 1, $count: true } },
        }),
      ]);
      return {
        policy: plan.data?.suspend_policy ?? "access_only",
        count: machines.data?.["@odata.count"] ?? 0,
      };
    },
    staleTime: 0,
  });
  const suspend = useMutation({
    mutationFn: () => call<unknown>("POST", `/subscriptions/${resource.id}/suspend`),
    onSuccess: async ({ operationId }) => {
      onClose(operationId);
      await cache.invalidateQueries({ queryKey: keys.type("subscription") });
    },
  });
  return (
    <ChangeDialog
      title={`${t("actions.suspend.title")}: ${nameOf(resource)}`}
      text={t("actions.suspend.confirm")}
      submit={t("actions.suspend.title")}
      danger
      ready={effect.data !== undefined}
      pending={suspend.isPending}
      error={suspend.error}
      onSubmit={() => suspend.mutate()}
      onClose={() => onClose()}
    >
      <ProblemMessage error={effect.error} />
      {effect.data === undefined ? null : <p>{t(`suspend.${effect.data.policy}`, { count: effect.data.count })}</p>}
    </ChangeDialog>
  );
}
