/** What a new credential is for, where, and for how long: the same for tokens and certificates. */
import { Checkbox, Field, Label, makeStyles, Radio, RadioGroup, Select, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { useMe } from "@/session/session";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { PermissionChooser } from "./PermissionChooser";

const LIFETIMES_DAYS = [30, 90, 365];
const DAY_MS = 86_400_000;
const SUBSCRIPTIONS_OFFERED = 100;

type Breadth = "everything" | "some";

const useStyles = makeStyles({
  narrow: { maxWidth: "520px" },
  choice: { display: "flex", flexDirection: "column" },
  hint: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

/** Keeps what was chosen, and what can be. */
export function useCredentialLimits(days: string) {
  const [chosenDays, setDays] = useState(days);
  const [breadth, setBreadth] = useState<Breadth>("everything");
  const [scopes, setScopes] = useState<string[]>([]);
  const [only, setOnly] = useState<string[]>([]);
  const options = useQuery({
    queryKey: ["api-token-options"],
    queryFn: async () => (await tenantApi.GET("/api-token-options")).data,
  });
  // Whoever runs the site sees everybody's subscriptions; a credential can be for those they work in themselves.
  const tenant = useMe().data?.role === "tenant";
  const subscriptions = useQuery({
    queryKey: keys.list("subscription", "/subscriptions", { $top: String(SUBSCRIPTIONS_OFFERED) }),
    queryFn: async () =>
      (await tenantApi.GET("/subscriptions", { params: { query: { $top: SUBSCRIPTIONS_OFFERED } } })).data,
    enabled: tenant,
  });
  const offered = (only.length > 0 ? options.data?.subscription_scopes : options.data?.scopes) ?? [];
  const wanted = offered.filter((each) => scopes.includes(each));
  return {
    days: chosenDays,
    setDays,
    breadth,
    setBreadth,
    setScopes,
    only,
    setOnly,
    options,
    subscriptions: subscriptions.data?.value ?? [],
    offered,
    wanted,
    ready: breadth === "everything" || wanted.length > 0,
    wish: () => ({
      expires_at: chosenDays === "" ? null : new Date(Date.now() + Number(chosenDays) * DAY_MS).toISOString(),
      scopes: breadth === "some" ? wanted : null,
      subscription_ids: only.length > 0 ? only : null,
    }),
  };
}

interface Props {
  limits: ReturnType<typeof useCredentialLimits>;
  /** What the longest choice is called when the site sets no limit. */
  longest: string;
  /** Why ending by itself is good. */
  expiryHelp: string;
}

export function CredentialLimits({ limits, longest, expiryHelp }: Props) {
  const styles = useStyles();
  // The words of permissions are fetched with the page, so that it does not vanish for a moment when they are needed.
  const { t } = useTranslation(["api_tokens", "permissions"]);
  const most = limits.options.data?.maximum_days ?? null;
  const lifetimes = LIFETIMES_DAYS.filter((count) => most === null || count <= most);
  return (
    <>
      <Field className={styles.narrow} label={t("new.expires")} hint={expiryHelp}>
        <Select value={limits.days} onChange={(_, data) => limits.setDays(data.value)}>
          {lifetimes.map((count) => (
            <option key={count} value={count}>
              {t("new.days", { count })}
            </option>
          ))}
          <option value="">{most === null ? longest : t("new.longest", { count: most })}</option>
        </Select>
      </Field>
      {limits.subscriptions.length > 0 ? (
        // No Field, which would give its own name to the boxes within it.
        <div role="group" aria-label={t("new.only")} className={styles.choice}>
          <Label>{t("new.only")}</Label>
          <div>
            {limits.subscriptions.map((each) => (
              <Checkbox
                key={each.id}
                label={each.name}
                checked={limits.only.includes(each.id)}
                onChange={(_, data) =>
                  limits.setOnly(
                    data.checked === true ? [...limits.only, each.id] : limits.only.filter((id) => id !== each.id),
                  )
                }
              />
            ))}
          </div>
          <span className={styles.hint}>{t("new.only_help")}</span>
        </div>
      ) : null}
      <Field label={t("new.scopes")} hint={t("new.scopes_help")}>
        <RadioGroup
          layout="horizontal"
          value={limits.breadth}
          onChange={(_, data) => limits.setBreadth(data.value === "some" ? "some" : "everything")}
        >
          <Radio value="everything" label={t("new.everything")} />
          <Radio value="some" label={t("new.some")} />
        </RadioGroup>
      </Field>
      {limits.breadth === "some" ? (
        <PermissionChooser
          offered={limits.offered}
          chosen={limits.wanted}
          onChange={limits.setScopes}
          label={t("new.scopes")}
        />
      ) : null}
      <ProblemMessage error={limits.options.error} onRetry={() => void limits.options.refetch()} />
    </>
  );
}
