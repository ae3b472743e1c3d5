/** The accounts elsewhere that one can sign in with. */
import { Button, Card, Field, Input, makeStyles, Select, Subtitle2 } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { tenantApi, type TenantSchemas } from "@/api/clients";
import { leaveToLink } from "@/session/federation";
import { ProblemMessage } from "@/shell/ProblemMessage";

const KEY = ["linked-identities"];

const useStyles = makeStyles({
  card: { gap: "16px", padding: "20px", maxWidth: "520px", marginBottom: "20px" },
  list: { display: "flex", flexDirection: "column", gap: "8px", margin: 0, padding: 0, listStyleType: "none" },
  item: { display: "flex", alignItems: "center", justifyContent: "space-between", gap: "12px", flexWrap: "wrap" },
  form: { display: "flex", flexDirection: "column", gap: "16px" },
});

/** Nothing is shown where there is nothing to sign in with but a password. */
export function LinkedIdentities({ hasPassword }: { hasPassword: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const offered = useQuery({
    queryKey: ["sign-in-options"],
    queryFn: async () => (await tenantApi.GET("/sign-in-options")).data,
  }).data?.identity_providers;
  const identities = useQuery({
    queryKey: KEY,
    queryFn: async () => (await tenantApi.GET("/accounts/me/identities")).data,
  });
  const linked = identities.data?.value ?? [];
  if (linked.length === 0 && (offered ?? []).length === 0) return null;
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">{t("identities.title")}</Subtitle2>
      <ProblemMessage error={identities.error} onRetry={() => void identities.refetch()} />
      {linked.length === 0 ? <span>{t("identities.none")}</span> : null}
      <ul className={styles.list}>
        {linked.map((identity) => (
          <Linked key={identity.id} identity={identity} />
        ))}
      </ul>
      {offered === undefined || offered.length === 0 ? null : <Link providers={offered} hasPassword={hasPassword} />}
    </Card>
  );
}

function Linked({ identity }: { identity: TenantSchemas["LinkedIdentityView"] }) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const cache = useQueryClient();
  const called = identity.email === null ? identity.provider_name : `${identity.provider_name}: ${identity.email}`;
  const unlink = useMutation({
    mutationFn: () =>
      tenantApi.DELETE("/accounts/me/identities/{identity_id}", { params: { path: { identity_id: identity.id } } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <li>
      <div className={styles.item}>
        <span>{called}</span>
        <Button
          aria-label={t("identities.unlink_one", { name: called })}
          disabled={unlink.isPending}
          onClick={() => unlink.mutate()}
        >
          {t("identities.unlink")}
        </Button>
      </div>
      <ProblemMessage error={unlink.error} />
    </li>
  );
}

function Link({
  providers,
  hasPassword,
}: {
  providers: readonly { id: string; name: string }[];
  hasPassword: boolean;
}) {
  const styles = useStyles();
  const { t } = useTranslation("account");
  const [chosen, setChosen] = useState(providers[0]?.id ?? "");
  const [password, setPassword] = useState("");
  const leave = useMutation({ mutationFn: () => leaveToLink(chosen, password) });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        leave.mutate();
      }}
    >
      <Field label={t("identities.provider")} hint={t("identities.link_help")}>
        <Select value={chosen} onChange={(_, data) => setChosen(data.value)}>
          {providers.map((provider) => (
            <option key={provider.id} value={provider.id}>
              {provider.name}
            </option>
          ))}
        </Select>
      </Field>
      {hasPassword ? (
        <Field label={t("current")} required>
          <Input
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(_, data) => setPassword(data.value)}
          />
        </Field>
      ) : null}
      <ProblemMessage error={leave.error} />
      <div>
        <Button type="submit" disabled={leave.isPending || (hasPassword && password === "")}>
          {t("identities.link")}
        </Button>
      </div>
    </form>
  );
}
