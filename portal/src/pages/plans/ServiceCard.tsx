/** One provider's service in a plan or an add-on: whether it is offered, from where, and how much of it. */
import { Card, Checkbox, Field, Input, MessageBar, MessageBarBody, Select, Switch } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { call } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { useDimensionTitle } from "@/manifest/dimensionTitle";
import { useCardStyles, useFaultOf } from "./designerParts";
import type { Fault, OfferKind, Provider, ServiceDraft } from "./draft";

/** As many as a person can choose from in a list; a site with more has other troubles. */
const CHOICES = 200;

export interface ServiceCardProps {
  kind: OfferKind;
  provider: Provider;
  service: ServiceDraft;
  /** Whether what the service is about can still change. */
  fixed: boolean;
  faults: readonly Fault[];
  onChange: (service: ServiceDraft) => void;
}

export function ServiceCard({ kind, provider, service, fixed, faults, onChange }: ServiceCardProps) {
  const styles = useCardStyles();
  const { t } = useTranslation(["offer_designer", "offers"]);
  const faultOf = useFaultOf(faults);
  const title = t(`offers:services.${provider.name}`, { defaultValue: provider.title });
  const idle = faultOf(`adds.${provider.name}`).validationMessage;
  return (
    <Card className={styles.card} role="group" aria-label={title}>
      <Switch
        label={t(kind === "plan" ? "offer" : "add_to", { title })}
        checked={service.offered}
        onChange={(_, data) => onChange({ ...service, offered: data.checked })}
      />
      {provider.healthy ? null : (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{t("unhealthy", { sentence: provider.sentence })}</MessageBarBody>
        </MessageBar>
      )}
      {idle === undefined ? null : (
        <MessageBar intent="error">
          <MessageBarBody>{idle}</MessageBarBody>
        </MessageBar>
      )}
      {service.offered ? (
        <div className={styles.fields}>
          {provider.settings.map((setting) => (
            <SettingField
              key={setting.name}
              kind={kind}
              title={t(`settings.${setting.name}`, { defaultValue: setting.title })}
              collection={setting.collection}
              value={service.settings[setting.name] ?? ""}
              fixed={fixed}
              fault={faultOf(`settings.${provider.name}.${setting.name}`)}
              onChange={(value) => onChange({ ...service, settings: { ...service.settings, [setting.name]: value } })}
            />
          ))}
          {provider.dimensions.map((dimension) => (
            <LimitField
              key={dimension.name}
              kind={kind}
              dimension={dimension}
              value={service.quota[dimension.name] ?? null}
              fault={faultOf(`quota.${dimension.name}`)}
              onChange={(value) => onChange({ ...service, quota: { ...service.quota, [dimension.name]: value } })}
            />
          ))}
        </div>
      ) : null}
    </Card>
  );
}

type Shown = ReturnType<ReturnType<typeof useFaultOf>>;

interface SettingFieldProps {
  kind: OfferKind;
  title: string;
  collection: string;
  value: string;
  fixed: boolean;
  fault: Shown;
  onChange: (value: string) => void;
}

function SettingField({ kind, title, collection, value, fixed, fault, onChange }: SettingFieldProps) {
  const { t } = useTranslation("offer_designer");
  const choices = useQuery({
    queryKey: ["choices", collection],
    queryFn: async ({ signal }) =>
      (await call<Page<Resource>>("GET", collection, { signal, query: { $top: CHOICES, $orderby: "name" } })).body
        .value,
  });
  const only = choices.data?.length === 1 ? choices.data[0]?.id : undefined;
  useEffect(() => {
    // Where there is nothing to choose, nobody should have to. An add-on may leave it to the plan.
    if (kind === "plan" && only !== undefined && value === "") onChange(only);
  }, [kind, only, value, onChange]);
  const help = kind === "plan" ? "setting_help" : "add_on_setting_help";
  return (
    <Field label={title} hint={t(fixed ? "fixed_help" : help, { title })} required={kind === "plan"} {...fault}>
      <Select value={value} disabled={fixed} onChange={(_, data) => onChange(data.value)}>
        <option value="">{t(kind === "plan" ? "choose" : "as_plan")}</option>
        {choices.data?.map((choice) => (
          <option key={choice.id} value={choice.id}>
            {choice.name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

interface LimitFieldProps {
  kind: OfferKind;
  dimension: Provider["dimensions"][number];
  /** As typed; null is unlimited. */
  value: string | null;
  fault: Shown;
  onChange: (value: string | null) => void;
}

function LimitField({ kind, dimension, value, fault, onChange }: LimitFieldProps) {
  const styles = useCardStyles();
  const { t } = useTranslation("offer_designer");
  const title = useDimensionTitle()(dimension.name, dimension.title);
  const counted = dimension.unit === "count" ? "count_help" : "quota_help";
  const help = kind === "plan" ? counted : "adds_help";
  const unit = dimension.unit === "count" ? t("pieces") : dimension.unit;
  return (
    <div>
      <Field label={title} hint={t(help, { unit })} {...fault}>
        <Input
          className={styles.number}
          inputMode="numeric"
          disabled={value === null}
          value={value ?? ""}
          onChange={(_, data) => onChange(data.value.trim())}
        />
      </Field>
      <Checkbox
        label={t("unlimited")}
        aria-label={`${title}: ${t("unlimited")}`}
        checked={value === null}
        onChange={(_, data) =>
          onChange(data.checked === true ? null : kind === "plan" ? String(dimension.default) : "")
        }
      />
    </div>
  );
}
