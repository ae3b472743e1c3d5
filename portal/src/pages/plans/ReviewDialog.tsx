/** What a change of a plan or an add-on would do, before it is made: what differs, and whom it would put over quota. */
import { Checkbox, makeStyles, MessageBar, MessageBarBody, Spinner } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { useDimensionTitle } from "@/manifest/dimensionTitle";
import { Reference } from "@/manifest/Reference";
import { ChangeDialog } from "@/pages/virtual-machines/ChangeDialog";
import { useNotifications } from "@/shell/notifications";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { amountText } from "./amounts";
import { changeOf, limitChanges, type AddOn, type OfferDraft, type OfferKind, type Plan, type Provider } from "./draft";

type Impact = AdminSchemas["ImpactView"];

/** Of those that the server lists, as many as a person reads in a dialog. */
const NAMED = 20;
const PATHS = { plan: "/plans", add_on: "/add-ons" } as const;

const useStyles = makeStyles({ list: { margin: 0, paddingLeft: "20px", overflowWrap: "anywhere" } });

export interface ReviewDialogProps {
  kind: OfferKind;
  offer: Plan | AddOn;
  before: OfferDraft;
  after: OfferDraft;
  providers: readonly Provider[];
  onClose: () => void;
}

export function ReviewDialog({ kind, offer, before, after, providers, onClose }: ReviewDialogProps) {
  const { t } = useTranslation("offer_designer");
  const cache = useQueryClient();
  const navigate = useNavigate();
  const { follow } = useNotifications();
  const [allowed, setAllowed] = useState(false);
  const change = changeOf(kind, before, after);
  const path = `${PATHS[kind]}/${offer.id}`;
  const impact = useQuery({
    queryKey: [...keys.type(kind), "what-if", offer.id, change],
    queryFn: async ({ signal }) => (await call<Impact>("POST", `${path}/what-if`, { body: change, signal })).body,
    staleTime: 0,
    gcTime: 0,
  });
  const apply = useMutation({
    mutationFn: () => {
      const headers = { "If-Match": `"${String(offer.generation)}"` };
      const body = { ...change, ...(allowed ? { allow_over_quota: true } : {}) };
      return call<unknown>("PATCH", path, { body, headers });
    },
    onSuccess: async ({ operationId }) => {
      follow(operationId);
      await cache.invalidateQueries({ queryKey: keys.type(kind) });
      const search = operationId === null ? {} : { tab: "operations" };
      await navigate({ to: path, search });
    },
  });
  const found = impact.data;
  const over = found?.over_quota_subscriptions ?? 0;
  const ready = found !== undefined && found.lost.length === 0 && (over === 0 || allowed);
  return (
    <ChangeDialog
      title={t("review_title", { name: offer.name })}
      submit={t("apply")}
      danger={over > 0}
      ready={ready}
      pending={apply.isPending}
      error={apply.error}
      onSubmit={() => apply.mutate()}
      onClose={onClose}
    >
      <Differences change={change} before={before} after={after} providers={providers} />
      <ProblemMessage error={impact.error} onRetry={() => void impact.refetch()} />
      <div role="status">
        {impact.isFetching && found === undefined ? <Spinner size="tiny" label={t("asking")} /> : null}
        {found === undefined ? null : <Effect kind={kind} impact={found} carried={change.services !== undefined} />}
      </div>
      {over === 0 || found === undefined || found.lost.length > 0 ? null : (
        <Checkbox label={t("allow")} checked={allowed} onChange={(_, data) => setAllowed(data.checked === true)} />
      )}
    </ChangeDialog>
  );
}

interface DifferencesProps {
  change: Readonly<Record<string, unknown>>;
  before: OfferDraft;
  after: OfferDraft;
  providers: readonly Provider[];
}

/** What will be otherwise: each field by its name, each limit by its numbers. */
function Differences({ change, before, after, providers }: DifferencesProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("offer_designer");
  const titleOf = useDimensionTitle();
  const dimensions = new Map(providers.flatMap((one) => one.dimensions).map((one) => [one.name, one]));
  const limits = limitChanges(before, after);
  const written = (name: string, limit: number | null | undefined) => {
    if (limit === undefined) return t("not_included");
    return limit === null ? t("unlimited") : amountText(limit, dimensions.get(name)?.unit ?? "count", i18n.language);
  };
  const fields = Object.keys(change).filter((field) => field !== "services" || limits.length === 0);
  return (
    <div>
      {t("differences")}
      <ul className={styles.list}>
        {fields.map((field) => (
          <li key={field}>{t(`changed.${field}`)}</li>
        ))}
        {limits.map((limit) => (
          <li key={limit.dimension}>
            {titleOf(limit.dimension, dimensions.get(limit.dimension)?.title ?? limit.dimension)}:{" "}
            {written(limit.dimension, limit.before)} → {written(limit.dimension, limit.after)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whom it reaches, and who would have less than they use. */
function Effect({ kind, impact, carried }: { kind: OfferKind; impact: Impact; carried: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation("offer_designer");
  const titleOf = useDimensionTitle();
  const over = impact.over_quota_subscriptions;
  return (
    <>
      <p>{t(carried ? `reaches_${kind}` : `concerns_${kind}`, { count: impact.subscriptions })}</p>
      {impact.lost.length === 0 ? null : (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>{t("lost", { what: impact.lost.map((one) => titleOf(one, one)).join(", ") })}</MessageBarBody>
        </MessageBar>
      )}
      {over === 0 ? null : (
        <>
          <MessageBar intent="warning" layout="multiline">
            <MessageBarBody>{t("over", { count: over })}</MessageBarBody>
          </MessageBar>
          <ul className={styles.list}>
            {impact.over_quota.slice(0, NAMED).map((one) => (
              <li key={`${one.subscription_id} ${one.dimension}`}>
                <Reference
                  reference={{ type: "subscription" }}
                  id={one.subscription_id}
                  resource={{ id: one.subscription_id }}
                />{" "}
                {t("uses", { what: titleOf(one.dimension, one.dimension), used: one.used, limit: one.limit })}
              </li>
            ))}
            {impact.over_quota.length > NAMED || over > impact.over_quota.length ? <li>…</li> : null}
          </ul>
        </>
      )}
      {impact.refused_total === 0 ? null : (
        <>
          <MessageBar intent="warning" layout="multiline">
            <MessageBarBody>{t("refused", { count: impact.refused_total })}</MessageBarBody>
          </MessageBar>
          <ul className={styles.list}>
            {impact.refused.slice(0, NAMED).map((one) => (
              <li key={`${one.subscription_id} ${one.provider}`}>
                {one.provider}: {one.cause}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
