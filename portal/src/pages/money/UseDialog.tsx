/** Has a rate card price a plan, or all that have none of their own. */
import { Field, Input, Radio, RadioGroup, Select } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { adminApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Resource } from "@/api/wire";
import { nameOf } from "@/manifest/values";
import { ChangeDialog } from "@/pages/virtual-machines/ChangeDialog";
import { instantOf } from "./DayInput";
import { USES_KEY } from "./UsesTab";

const SHOWN = 200;

export function UseDialog({ card, onClose }: { card: Resource; onClose: () => void }) {
  const { t } = useTranslation("money");
  const cache = useQueryClient();
  const [plan, setPlan] = useState("");
  const [begin, setBegin] = useState<"soon" | "day">("soon");
  const [day, setDay] = useState("");
  const plans = useQuery({
    queryKey: [...keys.lists("plan"), "to-price"],
    queryFn: async ({ signal }) => {
      const query = { $top: SHOWN, $orderby: "name" };
      return (await adminApi.GET("/plans", { params: { query }, signal })).data?.value ?? [];
    },
  });
  const use = useMutation({
    mutationFn: () => {
      const body = {
        rate_card_id: card.id,
        ...(plan === "" ? {} : { plan_id: plan }),
        ...(begin === "day" ? { effective_from: instantOf(day) } : {}),
      };
      return call<unknown>("POST", "/rate-card-uses", { body });
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: USES_KEY });
      onClose();
    },
  });
  return (
    <ChangeDialog
      title={t("uses.dialog", { name: nameOf(card) })}
      text={t("uses.help")}
      submit={t("uses.use")}
      ready={begin === "soon" || day !== ""}
      pending={use.isPending}
      error={use.error ?? plans.error}
      onSubmit={() => use.mutate()}
      onClose={onClose}
    >
      <Field label={t("uses.plan")}>
        <Select value={plan} onChange={(_, data) => setPlan(data.value)}>
          <option value="">{t("uses.all_plans")}</option>
          {plans.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("rates.from")}>
        <RadioGroup value={begin} onChange={(_, data) => setBegin(data.value as "soon" | "day")}>
          <Radio value="soon" label={t("uses.soon")} />
          <Radio value="day" label={t("rates.on_day")} />
        </RadioGroup>
      </Field>
      {begin === "day" ? (
        <Field label={t("rates.day")} hint={t("rates.day_help")} required>
          <Input type="date" value={day} onChange={(_, data) => setDay(data.value)} />
        </Field>
      ) : null}
    </ChangeDialog>
  );
}
