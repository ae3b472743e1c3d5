/** Makes an API token and shows it, once. */
import {
  Button,
  Card,
  Checkbox,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Radio,
  RadioGroup,
  Select,
  tokens,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { CopyButton } from "@/manifest/FieldValue";
import { useMe } from "@/session/session";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { PermissionChooser } from "./PermissionChooser";

const LIFETIMES_DAYS = [30, 90, 365];
const DAY_MS = 86_400_000;
const SUBSCRIPTIONS_OFFERED = 100;

type Breadth = "everything" | "some";

const useStyles = makeStyles({
  card: { maxWidth: "1000px", padding: "20px" },
  narrow: { maxWidth: "520px" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  buttons: { display: "flex", gap: "8px" },
  token: {
    display: "flex",
    alignItems: "center",
    gap: "8px",
    padding: "8px 12px",
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    overflowWrap: "anywhere",
  },
});

export default function NewTokenPage() {
  const styles = useStyles();
  const { t } = useTranslation("api_tokens");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState(String(LIFETIMES_DAYS[0]));
  const [breadth, setBreadth] = useState<Breadth>("everything");
  const [scopes, setScopes] = useState<string[]>([]);
  const [only, setOnly] = useState<string[]>([]);
  usePageTitle(t("create.title"));
  const options = useQuery({
    queryKey: ["api-token-options"],
    queryFn: async () => (await tenantApi.GET("/api-token-options")).data,
  });
  // Whoever runs the site sees everybody's subscriptions; a token can be for those they work in themselves.
  const tenant = useMe().data?.role === "tenant";
  const subscriptions = useQuery({
    queryKey: keys.list("subscription", "/subscriptions", { $top: String(SUBSCRIPTIONS_OFFERED) }),
    queryFn: async () =>
      (await tenantApi.GET("/subscriptions", { params: { query: { $top: SUBSCRIPTIONS_OFFERED } } })).data,
    enabled: tenant,
  });
  const longest = options.data?.maximum_days ?? null;
  const lifetimes = LIFETIMES_DAYS.filter((count) => longest === null || count <= longest);
  const offered = (only.length > 0 ? options.data?.subscription_scopes : options.data?.scopes) ?? [];
  const wanted = offered.filter((each) => scopes.includes(each));
  const ready = name.trim() !== "" && (breadth === "everything" || wanted.length > 0);
  const create = useMutation({
    mutationFn: async () => {
      const expires_at = days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      const subscription_ids = only.length > 0 ? only : null;
      const body = { name: name.trim(), expires_at, scopes: breadth === "some" ? wanted : null, subscription_ids };
      return (await tenantApi.POST("/api-tokens", { body })).data;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("api_token") }),
  });
  const back = () => void navigate({ to: "/api-tokens" });
  return (
    <>
      <h1>{t("create.title")}</h1>
      <Card className={styles.card}>
        {create.data === undefined ? (
          <form
            className={styles.form}
            onSubmit={(event) => {
              event.preventDefault();
              create.mutate();
            }}
          >
            <Field className={styles.narrow} label={t("new.name")} hint={t("new.name_help")} required>
              <Input value={name} maxLength={100} onChange={(_, data) => setName(data.value)} />
            </Field>
            <Field className={styles.narrow} label={t("new.expires")} hint={t("new.expires_help")}>
              <Select value={days} onChange={(_, data) => setDays(data.value)}>
                {lifetimes.map((count) => (
                  <option key={count} value={count}>
                    {t("new.days", { count })}
                  </option>
                ))}
                <option value="">{longest === null ? t("new.never") : t("new.longest", { count: longest })}</option>
              </Select>
            </Field>
            {(subscriptions.data?.value.length ?? 0) > 0 ? (
              <Field label={t("new.only")} hint={t("new.only_help")}>
                <div role="group" aria-label={t("new.only")}>
                  {subscriptions.data?.value.map((each) => (
                    <Checkbox
                      key={each.id}
                      label={each.name}
                      checked={only.includes(each.id)}
                      onChange={(_, data) =>
                        setOnly(data.checked === true ? [...only, each.id] : only.filter((id) => id !== each.id))
                      }
                    />
                  ))}
                </div>
              </Field>
            ) : null}
            <Field label={t("new.scopes")} hint={t("new.scopes_help")}>
              <RadioGroup
                layout="horizontal"
                value={breadth}
                onChange={(_, data) => setBreadth(data.value === "some" ? "some" : "everything")}
              >
                <Radio value="everything" label={t("new.everything")} />
                <Radio value="some" label={t("new.some")} />
              </RadioGroup>
            </Field>
            {breadth === "some" ? (
              <PermissionChooser offered={offered} chosen={wanted} onChange={setScopes} label={t("new.scopes")} />
            ) : null}
            <ProblemMessage error={options.error} onRetry={() => void options.refetch()} />
            <ProblemMessage error={create.error} />
            <div className={styles.buttons}>
              <Button type="submit" appearance="primary" disabled={!ready || create.isPending}>
                {t("new.create")}
              </Button>
              <Button onClick={back}>{t("new.cancel")}</Button>
            </div>
          </form>
        ) : (
          <div className={styles.form} aria-live="polite">
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>{t("new.once")}</MessageBarBody>
            </MessageBar>
            <div className={styles.token} role="group" aria-label={t("new.token")}>
              <span>{create.data.token}</span>
              <CopyButton text={create.data.token} />
            </div>
            <div>
              <Button appearance="primary" onClick={back}>
                {t("new.done")}
              </Button>
            </div>
          </div>
        )}
      </Card>
    </>
  );
}
