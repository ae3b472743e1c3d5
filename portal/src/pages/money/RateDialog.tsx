/** A price of a meter from an instant on: its tiers, and when it begins. */
import { Button, Field, Input, makeStyles, Radio, RadioGroup, Select } from "@fluentui/react-components";
import { AddRegular, DeleteRegular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { nameOf } from "@/manifest/values";
import { ChangeDialog } from "@/pages/virtual-machines/ChangeDialog";
import { instantOf } from "./DayInput";
import { tierDrafts, tiersBody, tiersFault, type Rate, type TierDraft } from "./rates";

/** As many as the API takes. */
const MOST_TIERS = 20;
/** What machines and disks can be doing; a meter that knows no such state is never billed by it. */
const STATES = ["running", "stopped", "suspended", "attached", "detached"] as const;

const useStyles = makeStyles({
  tiers: { display: "flex", flexDirection: "column", gap: "8px" },
  tier: { display: "flex", gap: "8px", alignItems: "end", flexWrap: "wrap" },
  number: { width: "140px" },
});

export interface RateDialogProps {
  card: Resource;
  /** The price that is to be replaced; null for one of any meter. */
  like: Rate | null;
  onClose: () => void;
}

export function RateDialog({ card, like, onClose }: RateDialogProps) {
  const styles = useStyles();
  const { t } = useTranslation(["money", "consumption"]);
  const cache = useQueryClient();
  const [meter, setMeter] = useState(like?.meter ?? "");
  const [state, setState] = useState(like?.state ?? "");
  const [tiers, setTiers] = useState<readonly TierDraft[]>(() => tierDrafts(like));
  const [begin, setBegin] = useState<"soon" | "day">("soon");
  const [day, setDay] = useState("");
  const meters = useQuery({
    queryKey: ["meters"],
    queryFn: async ({ signal }) =>
      (await call<Page<AdminSchemas["MeterView"]>>("GET", "/meters", { signal })).body.value,
  });
  const chosen = meters.data?.find((one) => one.name === meter);
  const unit = t(`consumption:unit.${chosen?.unit ?? ""}`, { defaultValue: chosen?.unit ?? "" });
  const fault = tiersFault(tiers);
  const set = useMutation({
    mutationFn: () => {
      const effective = begin === "day" ? { effective_from: instantOf(day) } : {};
      const body = { meter, ...(state === "" ? {} : { state }), tiers: tiersBody(tiers), ...effective };
      return call<unknown>("POST", `/rate-cards/${card.id}/rates`, { body });
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: keys.facet("rate_card", card.id, "rates") });
      onClose();
    },
  });
  const change = (place: number, part: Partial<TierDraft>) =>
    setTiers(tiers.map((tier, index) => (index === place ? { ...tier, ...part } : tier)));
  const typed = (text: string) => text.trim().replace(",", ".");
  const currency = String(card["currency"]);
  return (
    <ChangeDialog
      title={t("rates.dialog", { name: nameOf(card) })}
      submit={t("rates.set")}
      ready={meter !== "" && fault === null && (begin === "soon" || day !== "")}
      pending={set.isPending}
      error={set.error ?? meters.error}
      onSubmit={() => set.mutate()}
      onClose={onClose}
    >
      <Field label={t("rates.meter")} required>
        <Select value={meter} disabled={like !== null} onChange={(_, data) => setMeter(data.value)}>
          <option value="">{t("choose")}</option>
          {meters.data?.map((one) => (
            <option key={one.name} value={one.name}>
              {t(`consumption:meters.${one.name}`, { defaultValue: one.title })}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t("rates.state")} hint={t("rates.state_help")}>
        <Select value={state} disabled={like !== null} onChange={(_, data) => setState(data.value)}>
          <option value="">{t("prices.any_state")}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {t(`consumption:states.${one}`)}
            </option>
          ))}
        </Select>
      </Field>
      <div role="group" aria-label={t("rates.tiers")} className={styles.tiers}>
        <div>{tiers.length === 0 ? t("rates.free_help") : t("rates.tiers_help")}</div>
        {tiers.map((tier, place) => (
          <div key={place} className={styles.tier}>
            <Field label={t("rates.tier_price", { currency, unit })} required>
              <Input
                className={styles.number}
                inputMode="decimal"
                value={tier.price}
                onChange={(_, data) => change(place, { price: typed(data.value) })}
              />
            </Field>
            {place === tiers.length - 1 ? null : (
              <Field label={t("rates.tier_up_to")} required>
                <Input
                  className={styles.number}
                  inputMode="decimal"
                  value={tier.upTo}
                  onChange={(_, data) => change(place, { upTo: typed(data.value) })}
                />
              </Field>
            )}
            <Button
              icon={<DeleteRegular />}
              appearance="subtle"
              aria-label={t("rates.remove_tier", { place: place + 1 })}
              onClick={() => setTiers(opened(tiers.filter((_, index) => index !== place)))}
            />
          </div>
        ))}
        {fault === null || tiers.every((tier) => tier.price === "") ? null : (
          <div role="status">{t(`rates.${fault}`)}</div>
        )}
        <div>
          <Button
            size="small"
            icon={<AddRegular />}
            disabled={tiers.length >= MOST_TIERS}
            onClick={() => setTiers([...tiers, { upTo: "", price: "" }])}
          >
            {t("rates.add_tier")}
          </Button>
        </div>
      </div>
      <Field label={t("rates.from")}>
        <RadioGroup value={begin} onChange={(_, data) => setBegin(data.value as "soon" | "day")}>
          <Radio value="soon" label={t("rates.soon")} />
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

/** The last tier has no end. */
function opened(tiers: readonly TierDraft[]): TierDraft[] {
  return tiers.map((tier, place) => (place === tiers.length - 1 ? { ...tier, upTo: "" } : tier));
}
