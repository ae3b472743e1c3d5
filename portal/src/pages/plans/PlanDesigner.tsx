/** The plan designer: what is sold at the left, what tenants will see of it at the right. */
import {
  Button,
  Card,
  Checkbox,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Select,
  Subtitle2,
  Switch,
  Textarea,
  tokens,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import { adminApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { bodyOf, faultsOf, firstDraft, type Fault, type PlanDraft, type Provider, type ServiceDraft } from "./draft";
import { PlanPreview } from "./PlanPreview";
import { useProviders } from "./ServicesTab";

const useStyles = makeStyles({
  page: {
    display: "grid",
    gridTemplateColumns: "minmax(0, 3fr) minmax(280px, 2fr)",
    gap: "24px",
    alignItems: "start",
    "@media (max-width: 900px)": { gridTemplateColumns: "minmax(0, 1fr)" },
  },
  form: { display: "flex", flexDirection: "column", gap: "16px", minWidth: 0 },
  card: { gap: "12px", padding: "20px", minWidth: 0 },
  fields: { display: "grid", gridTemplateColumns: "repeat(auto-fill, minmax(220px, 1fr))", gap: "12px 20px" },
  limit: { display: "flex", alignItems: "center", gap: "4px", flexWrap: "wrap" },
  number: { width: "110px" },
  preview: { position: "sticky", top: "16px", display: "flex", flexDirection: "column", gap: "12px", minWidth: 0 },
  buttons: { display: "flex", gap: "8px", flexWrap: "wrap" },
  note: { color: tokens.colorNeutralForeground3 },
});

export default function PlanDesigner() {
  const { t } = useTranslation("plans");
  const providers = useProviders();
  usePageTitle(t("designer.title"));
  return (
    <>
      <h1>{t("designer.title")}</h1>
      <ProblemMessage error={providers.error} onRetry={() => void providers.refetch()} />
      {providers.data === undefined ? null : <Designer providers={providers.data} />}
    </>
  );
}

function Designer({ providers }: { providers: readonly Provider[] }) {
  const styles = useStyles();
  const { t } = useTranslation("plans");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [draft, setDraft] = useState(() => firstDraft(providers));
  const [tried, setTried] = useState(false);
  const faults = faultsOf(draft, providers);
  const shown = tried ? faults : [];
  const change = (part: Partial<PlanDraft>) => setDraft((before) => ({ ...before, ...part }));
  const create = useMutation({
    mutationFn: async (publish: boolean) => {
      const made = await adminApi.POST("/plans", { body: bodyOf(draft, providers) });
      const id = made.data?.id ?? "";
      if (publish) {
        await adminApi.PATCH("/plans/{plan_id}", { params: { path: { plan_id: id } }, body: { state: "public" } });
      }
      return id;
    },
    onSuccess: async (id) => {
      await cache.invalidateQueries({ queryKey: keys.type("plan") });
      await navigate({ to: `/plans/${id}` });
    },
  });
  const submit = (publish: boolean) => {
    setTried(true);
    if (faults.length === 0) create.mutate(publish);
  };
  return (
    <div className={styles.page}>
      <form className={styles.form} onSubmit={(event) => event.preventDefault()} noValidate>
        <Card className={styles.card}>
          <Subtitle2 as="h2">{t("designer.basics")}</Subtitle2>
          <Field label={t("designer.name")} hint={t("designer.name_help")} required {...message(shown, "name", t)}>
            <Input value={draft.name} maxLength={100} onChange={(_, data) => change({ name: data.value })} />
          </Field>
          <Field label={t("designer.description")} hint={t("designer.description_help")}>
            <Textarea
              value={draft.description}
              maxLength={1000}
              onChange={(_, data) => change({ description: data.value })}
            />
          </Field>
          <Field
            label={t("designer.per_account")}
            hint={t("designer.per_account_help")}
            {...message(shown, "perAccount", t)}
          >
            <Input
              className={styles.number}
              inputMode="numeric"
              value={draft.perAccount}
              onChange={(_, data) => change({ perAccount: data.value.trim() })}
            />
          </Field>
        </Card>
        {providers.map((provider) => (
          <ServiceCard
            key={provider.name}
            provider={provider}
            service={draft.services[provider.name] ?? { offered: false, settings: {}, quota: {} }}
            faults={shown}
            onChange={(service) => change({ services: { ...draft.services, [provider.name]: service } })}
          />
        ))}
        {shown.some((fault) => fault.at === "services") ? (
          <MessageBar intent="error">
            <MessageBarBody>{t("designer.nothing")}</MessageBarBody>
          </MessageBar>
        ) : null}
        <ProblemMessage error={create.error} />
      </form>
      <section className={styles.preview} aria-label={t("designer.preview")}>
        <Subtitle2 as="h2">{t("designer.preview")}</Subtitle2>
        <PlanPreview draft={draft} providers={providers} />
        <div className={styles.buttons}>
          <Button appearance="primary" disabled={create.isPending} onClick={() => submit(true)}>
            {t("designer.create_publish")}
          </Button>
          <Button disabled={create.isPending} onClick={() => submit(false)}>
            {t("designer.create")}
          </Button>
        </div>
        <div className={styles.note}>{t("designer.private_note")}</div>
      </section>
    </div>
  );
}

function message(faults: readonly Fault[], at: string, t: TFunction<"plans">) {
  const fault = faults.find((one) => one.at === at);
  if (fault === undefined) return {};
  return { validationState: "error" as const, validationMessage: t(`designer.${fault.reason}`, { ...fault.values }) };
}

interface ServiceCardProps {
  provider: Provider;
  service: ServiceDraft;
  faults: readonly Fault[];
  onChange: (service: ServiceDraft) => void;
}

function ServiceCard({ provider, service, faults, onChange }: ServiceCardProps) {
  const styles = useStyles();
  const { t } = useTranslation("plans");
  return (
    <Card className={styles.card} role="group" aria-label={provider.title}>
      <Switch
        label={t("designer.offer", { title: provider.title })}
        checked={service.offered}
        onChange={(_, data) => onChange({ ...service, offered: data.checked })}
      />
      {provider.healthy ? null : (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{t("designer.unhealthy", { sentence: provider.sentence })}</MessageBarBody>
        </MessageBar>
      )}
      {service.offered ? (
        <div className={styles.fields}>
          {provider.settings.map((setting) => (
            <SettingField
              key={setting.name}
              title={setting.title}
              collection={setting.collection}
              value={service.settings[setting.name] ?? ""}
              fault={message(faults, `settings.${provider.name}.${setting.name}`, t)}
              onChange={(value) => onChange({ ...service, settings: { ...service.settings, [setting.name]: value } })}
            />
          ))}
          {provider.dimensions.map((dimension) => (
            <LimitField
              key={dimension.name}
              dimension={dimension}
              value={service.quota[dimension.name] ?? null}
              fault={message(faults, `quota.${dimension.name}`, t)}
              onChange={(value) => onChange({ ...service, quota: { ...service.quota, [dimension.name]: value } })}
            />
          ))}
        </div>
      ) : null}
    </Card>
  );
}

interface SettingFieldProps {
  title: string;
  collection: string;
  value: string;
  fault: ReturnType<typeof message>;
  onChange: (value: string) => void;
}

/** As many as a person can choose from in a list; a site with more has other troubles. */
const CHOICES = 200;

function SettingField({ title, collection, value, fault, onChange }: SettingFieldProps) {
  const { t } = useTranslation("plans");
  const choices = useQuery({
    queryKey: ["choices", collection],
    queryFn: async ({ signal }) =>
      (await call<Page<Resource>>("GET", collection, { signal, query: { $top: CHOICES, $orderby: "name" } })).body
        .value,
  });
  const only = choices.data?.length === 1 ? choices.data[0]?.id : undefined;
  useEffect(() => {
    // Where there is nothing to choose, nobody should have to.
    if (only !== undefined && value === "") onChange(only);
  }, [only, value, onChange]);
  return (
    <Field label={title} hint={t("designer.setting_help", { title })} required {...fault}>
      <Select value={value} onChange={(_, data) => onChange(data.value)}>
        <option value="">{t("designer.choose")}</option>
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
  dimension: Provider["dimensions"][number];
  /** As typed; null is unlimited. */
  value: string | null;
  fault: ReturnType<typeof message>;
  onChange: (value: string | null) => void;
}

function LimitField({ dimension, value, fault, onChange }: LimitFieldProps) {
  const styles = useStyles();
  const { t } = useTranslation("plans");
  const hint =
    dimension.unit === "count" ? t("designer.count_help") : t("designer.quota_help", { unit: dimension.unit });
  return (
    <div>
      <Field label={dimension.title} hint={hint} {...fault}>
        <Input
          className={styles.number}
          inputMode="numeric"
          disabled={value === null}
          value={value ?? ""}
          onChange={(_, data) => onChange(data.value.trim())}
        />
      </Field>
      <Checkbox
        label={t("designer.unlimited")}
        aria-label={`${dimension.title}: ${t("designer.unlimited")}`}
        checked={value === null}
        onChange={(_, data) => onChange(data.checked === true ? null : String(dimension.default))}
      />
    </div>
  );
}
