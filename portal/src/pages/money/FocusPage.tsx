/** Exports a month's charges as FOCUS: everybody's or a subscription's, as a file that is written while it is calculated. */
import {
  Button,
  Field,
  Input,
  makeStyles,
  ProgressBar,
  Radio,
  RadioGroup,
  Select,
  tokens,
} from "@fluentui/react-components";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { adminApi, type AdminSchemas } from "@/api/clients";
import { call } from "@/api/transport";
import { formatInstant } from "@/manifest/values";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { months, monthText } from "./costs";
import { FocusStopped, keepStream, sizeText } from "./focusFile";

const FORMATS = ["csv", "parquet"] as const;
const FOUND_AT_ONCE = 50;

const useStyles = makeStyles({
  text: { color: tokens.colorNeutralForeground2, maxWidth: "75ch" },
  form: { display: "flex", flexDirection: "column", gap: "16px", maxWidth: "480px", marginTop: "16px" },
  actions: { display: "flex", flexWrap: "wrap", gap: "12px" },
  progress: { display: "flex", flexDirection: "column", gap: "8px", maxWidth: "480px", marginTop: "16px" },
});

export default function FocusPage() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("money");
  const [choices] = useState(() => months(new Date()));
  const [month, setMonth] = useState(choices[1] ?? "");
  const [form, setForm] = useState<(typeof FORMATS)[number]>("csv");
  const [whose, setWhose] = useState<"everybody" | "one">("everybody");
  const [subscription, setSubscription] = useState("");
  const [size, setSize] = useState(0);
  const stop = useRef<AbortController | null>(null);
  usePageTitle(t("focus.title"));
  const name = `focus-${month}.${form}`;
  const fetching = useMutation({
    mutationFn: async () => {
      setSize(0);
      stop.current = new AbortController();
      const path = whose === "everybody" ? "/focus-export" : `/subscriptions/${subscription}/focus-export`;
      const query = new URLSearchParams({ period: month, format: form });
      await keepStream(`${path}?${query.toString()}`, name, stop.current.signal, setSize);
    },
  });
  const stopped = fetching.error instanceof FocusStopped;
  return (
    <>
      <h1>{t("focus.title")}</h1>
      <p className={styles.text}>{t("focus.text")}</p>
      <LastClosed />
      <div className={styles.form}>
        <Field label={t("focus.month")}>
          <Select value={month} disabled={fetching.isPending} onChange={(_, chosen) => setMonth(chosen.value)}>
            {choices.map((one, place) => (
              <option key={one} value={one}>
                {place === 0
                  ? t("focus.running", { month: monthText(one, i18n.language) })
                  : monthText(one, i18n.language)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("focus.whose")}>
          <RadioGroup
            value={whose}
            disabled={fetching.isPending}
            onChange={(_, chosen) => setWhose(chosen.value === "one" ? "one" : "everybody")}
          >
            <Radio value="everybody" label={t("focus.everybody")} />
            <Radio value="one" label={t("focus.one")} />
          </RadioGroup>
        </Field>
        {whose === "one" ? (
          <SubscriptionChoice value={subscription} disabled={fetching.isPending} onChange={setSubscription} />
        ) : null}
        <Field label={t("focus.format")}>
          <RadioGroup
            value={form}
            disabled={fetching.isPending}
            onChange={(_, chosen) => setForm(chosen.value === "parquet" ? "parquet" : "csv")}
          >
            {FORMATS.map((one) => (
              <Radio key={one} value={one} label={t(`focus.formats.${one}`)} />
            ))}
          </RadioGroup>
        </Field>
        <div className={styles.actions}>
          <Button
            appearance="primary"
            disabled={fetching.isPending || (whose === "one" && subscription === "")}
            onClick={() => fetching.mutate()}
          >
            {t("focus.download")}
          </Button>
          {fetching.isPending ? <Button onClick={() => stop.current?.abort()}>{t("focus.cancel")}</Button> : null}
        </div>
      </div>
      <div className={styles.progress} role="status">
        {fetching.isPending ? (
          <>
            <ProgressBar aria-label={t("focus.title")} />
            <span>{t("focus.coming", { size: sizeText(size, i18n.language) })}</span>
          </>
        ) : fetching.isSuccess ? (
          <span>{t("focus.done", { name, size: sizeText(size, i18n.language) })}</span>
        ) : stopped ? (
          <span>{t("focus.stopped")}</span>
        ) : null}
      </div>
      <ProblemMessage error={stopped ? null : fetching.error} onRetry={() => fetching.mutate()} />
    </>
  );
}

function LastClosed() {
  const styles = useStyles();
  const { t, i18n } = useTranslation("money");
  const runs = useQuery({
    queryKey: ["focus", "last-closed"],
    queryFn: async ({ signal }) => {
      const query = { $top: 2, $orderby: "month desc" };
      return (await call<{ value: AdminSchemas["StatementRunView"][] }>("GET", "/statement-runs", { signal, query }))
        .body.value;
    },
  });
  if (runs.data === undefined) return null;
  const closed = runs.data.find((run) => run.closed_at !== null);
  return (
    <p className={styles.text}>
      {closed?.closed_at == null
        ? t("focus.never_closed")
        : t("focus.closed", {
            month: monthText(closed.month, i18n.language),
            instant: formatInstant(closed.closed_at, i18n.language),
          })}
    </p>
  );
}

interface SubscriptionChoiceProps {
  value: string;
  disabled: boolean;
  onChange: (id: string) => void;
}

function SubscriptionChoice({ value, disabled, onChange }: SubscriptionChoiceProps) {
  const { t } = useTranslation("money");
  const [wanted, setWanted] = useState("");
  const found = useQuery({
    queryKey: ["focus", "subscriptions", wanted],
    queryFn: async ({ signal }) => {
      const query = { $top: FOUND_AT_ONCE, $orderby: "name", ...(wanted === "" ? {} : { $search: wanted }) };
      return (await adminApi.GET("/subscriptions", { params: { query }, signal })).data?.value ?? [];
    },
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Field label={t("focus.find")}>
        <Input
          value={wanted}
          disabled={disabled}
          maxLength={100}
          onChange={(_, typed) => {
            setWanted(typed.value);
            onChange("");
          }}
        />
      </Field>
      <Field label={t("focus.subscription")}>
        <Select value={value} disabled={disabled} onChange={(_, chosen) => onChange(chosen.value)}>
          <option value="">{t("choose")}</option>
          {found.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}
