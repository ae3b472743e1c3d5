/** The designer of plans and add-ons: what is sold at the left, what tenants will see of it at the right. */
import { Button, makeStyles, MessageBar, MessageBarBody, Subtitle2, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { adminApi } from "@/api/clients";
import { keys } from "@/api/keys";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { BasicsCard, FeeCard } from "./BasicsCard";
import {
  addOnBody,
  changeOf,
  draftOf,
  faultsOf,
  firstDraft,
  planBody,
  type AddOn,
  type OfferDraft,
  type OfferKind,
  type Plan,
  type Provider,
} from "./draft";
import { LinksCard } from "./LinksCard";
import { OfferPreview } from "./OfferPreview";
import { ReviewDialog } from "./ReviewDialog";
import { ServiceCard } from "./ServiceCard";
import { useProviders } from "./ServicesTab";
import { TermsCard } from "./TermsCard";
import { TextsCard } from "./TextsCard";

const useStyles = makeStyles({
  page: {
    display: "grid",
    gridTemplateColumns: "minmax(0, 3fr) minmax(280px, 2fr)",
    gap: "24px",
    alignItems: "start",
    "@media (max-width: 900px)": { gridTemplateColumns: "minmax(0, 1fr)" },
  },
  form: { display: "flex", flexDirection: "column", gap: "16px", minWidth: 0 },
  preview: { position: "sticky", top: "16px", display: "flex", flexDirection: "column", gap: "12px", minWidth: 0 },
  buttons: { display: "flex", gap: "8px", flexWrap: "wrap" },
  note: { color: tokens.colorNeutralForeground3 },
});

const ADDRESSES = { plan: "/plans", add_on: "/add-ons" } as const;

export interface OfferDesignerProps {
  kind: OfferKind;
  /** What is changed; null while a new one is made. */
  offer: Plan | AddOn | null;
}

export function OfferDesigner({ kind, offer }: OfferDesignerProps) {
  // The texts of everything within, so that nothing that stands already vanishes while some are fetched.
  const { t } = useTranslation(["offer_designer", "offers"]);
  const providers = useProviders();
  const title = offer === null ? t(`titles.${kind}`) : t("change_title", { name: offer.name });
  usePageTitle(title);
  return (
    <>
      <h1>{title}</h1>
      <ProblemMessage error={providers.error} onRetry={() => void providers.refetch()} />
      {providers.data === undefined ? null : <Form kind={kind} offer={offer} providers={providers.data} />}
    </>
  );
}

function Form({ kind, offer, providers }: OfferDesignerProps & { providers: readonly Provider[] }) {
  const styles = useStyles();
  const { t } = useTranslation("offer_designer");
  const navigate = useNavigate();
  // What it was when the form was opened: what others change meanwhile is noticed by its generation.
  const [start] = useState(offer);
  const [before] = useState(() => (start === null ? firstDraft(kind, providers) : draftOf(kind, start, providers)));
  const [draft, setDraft] = useState(before);
  const [tried, setTried] = useState(false);
  const [reviewed, setReviewed] = useState(false);
  const create = useCreate(kind, draft);
  const faults = faultsOf(kind, draft, providers);
  const shown = tried ? faults : [];
  const card = {
    draft,
    faults: shown,
    change: (part: Partial<OfferDraft>) => setDraft((last) => ({ ...last, ...part })),
  };
  const plan = start !== null && "add_ons" in start ? start : null;
  const unchanged = start !== null && Object.keys(changeOf(kind, before, draft)).length === 0;
  const whenWhole = (go: () => void) => {
    setTried(true);
    if (faults.length === 0) go();
  };
  return (
    <div className={styles.page}>
      <form className={styles.form} onSubmit={(event) => event.preventDefault()} noValidate>
        <BasicsCard {...card} />
        <TextsCard {...card} />
        <FeeCard {...card} />
        {kind === "plan" ? <TermsCard {...card} making={start === null} /> : null}
        {providers.map((provider) => (
          <ServiceCard
            key={provider.name}
            kind={kind}
            provider={provider}
            service={draft.services[provider.name] ?? { offered: false, settings: {}, quota: {} }}
            fixed={plan !== null && plan.state !== "private" && before.services[provider.name]?.offered === true}
            faults={shown}
            onChange={(service) => card.change({ services: { ...draft.services, [provider.name]: service } })}
          />
        ))}
        {kind === "plan" ? (
          <LinksCard {...card} named={new Map(plan?.add_ons.map((one) => [one.add_on_id, one.name]))} />
        ) : null}
        {shown.some((fault) => fault.at === "services") ? (
          <MessageBar intent="error">
            <MessageBarBody>{t("nothing")}</MessageBarBody>
          </MessageBar>
        ) : null}
        <ProblemMessage error={create.error} />
      </form>
      <section className={styles.preview} aria-label={t("preview")}>
        <Subtitle2 as="h2">{t("preview")}</Subtitle2>
        <OfferPreview
          kind={kind}
          draft={draft}
          providers={providers}
          byInvitation={draft.code !== "" || plan?.needs_invitation_code === true}
          linked={plan?.add_ons ?? []}
        />
        {shown.length === 0 ? null : (
          <MessageBar intent="error" layout="multiline" role="alert">
            <MessageBarBody>{t("faults", { count: shown.length })}</MessageBarBody>
          </MessageBar>
        )}
        <div className={styles.buttons}>
          {start === null ? (
            <>
              <Button
                appearance="primary"
                disabled={create.isPending}
                onClick={() => whenWhole(() => create.mutate(true))}
              >
                {t("create_publish")}
              </Button>
              <Button disabled={create.isPending} onClick={() => whenWhole(() => create.mutate(false))}>
                {t("create")}
              </Button>
            </>
          ) : (
            <>
              <Button
                appearance="primary"
                disabledFocusable={unchanged}
                onClick={() => whenWhole(() => setReviewed(true))}
              >
                {t("review")}
              </Button>
              <Button onClick={() => void navigate({ to: `${ADDRESSES[kind]}/${start.id}` })}>{t("cancel")}</Button>
            </>
          )}
        </div>
        <div className={styles.note}>{start === null ? t("private_note") : t(`state_notes.${start.state}`)}</div>
      </section>
      {start === null || !reviewed ? null : (
        <ReviewDialog
          kind={kind}
          offer={start}
          before={before}
          after={draft}
          providers={providers}
          onClose={() => setReviewed(false)}
        />
      )}
    </div>
  );
}

/** Makes the offer, publishes it if that is wished, and shows it. */
function useCreate(kind: OfferKind, draft: OfferDraft) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async (publish: boolean) => {
      const state = { state: "public" } as const;
      if (kind === "plan") {
        const made = (await adminApi.POST("/plans", { body: planBody(draft) })).data?.id ?? "";
        const params = { path: { plan_id: made } };
        if (publish) await adminApi.PATCH("/plans/{plan_id}", { params, body: state });
        return made;
      }
      const made = (await adminApi.POST("/add-ons", { body: addOnBody(draft) })).data?.id ?? "";
      const params = { path: { add_on_id: made } };
      if (publish) await adminApi.PATCH("/add-ons/{add_on_id}", { params, body: state });
      return made;
    },
    onSuccess: async (id) => {
      await cache.invalidateQueries({ queryKey: keys.type(kind) });
      await navigate({ to: `${ADDRESSES[kind]}/${id}` });
    },
  });
}
