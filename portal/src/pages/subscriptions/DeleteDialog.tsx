/** Ends a subscription: shows all that would go with it, asks for days of grace and for its name. */
import { Checkbox, Field, Input, makeStyles, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { TenantSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { nameOf } from "@/manifest/values";
import { ApprovalOffer } from "@/pages/approvals/ApprovalOffer";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { ChangeDialog } from "../virtual-machines/ChangeDialog";

type Preview = TenantSchemas["DeletionPreviewView"];
type Held = TenantSchemas["HoldingsView"];

const LONGEST_GRACE_DAYS = 90;
/** Things of each type that are named; the command line shows more. */
const NAMED = 12;
const WHOLE = /^\d{1,2}$/;

const useStyles = makeStyles({
  list: { margin: 0, paddingLeft: "20px", overflowWrap: "anywhere" },
  detail: { color: tokens.colorNeutralForeground2 },
  days: { maxWidth: "120px" },
});

export default function DeleteDialog({ resource, onClose }: DialogProps) {
  const styles = useStyles();
  const { t } = useTranslation("subscriptions");
  const cache = useQueryClient();
  const path = `/subscriptions/${resource.id}`;
  const [all, setAll] = useState(false);
  const [days, setDays] = useState("");
  const preview = useQuery({
    queryKey: [...keys.type("subscription"), "deletion", resource.id],
    queryFn: async ({ signal }) => (await call<Preview>("GET", `${path}/deletion-preview`, { signal })).body,
    staleTime: 0,
  });
  const remove = useMutation({
    mutationFn: () =>
      call<unknown>("DELETE", path, { query: { cascade: String(all), ...(days === "" ? {} : { grace_days: days }) } }),
    onSuccess: async ({ operationId }) => {
      onClose(operationId);
      await cache.invalidateQueries({ queryKey: keys.type("subscription") });
    },
  });
  const held = preview.data?.providers.flatMap((provider) => provider.holdings) ?? [];
  const daysFit = days === "" || (WHOLE.test(days) && Number(days) <= LONGEST_GRACE_DAYS);
  return (
    <ChangeDialog
      title={`${t("actions.delete.title")}: ${nameOf(resource)}`}
      text={held.length === 0 ? t("delete.empty") : t("delete.text")}
      submit={t("actions.delete.title")}
      danger
      name={nameOf(resource)}
      ready={preview.data !== undefined && daysFit && (all || held.length === 0)}
      pending={remove.isPending}
      error={remove.error}
      onSubmit={() => remove.mutate()}
      onClose={() => onClose()}
    >
      <ProblemMessage error={preview.error} />
      <ApprovalOffer
        error={remove.error}
        wish={{
          change: "delete_subscription",
          subscription_id: resource.id,
          cascade: all,
          ...(days === "" ? {} : { grace_days: Number(days) }),
        }}
      />
      {preview.data === undefined && preview.error === null ? (
        <Skeleton aria-label={t("delete.list")}>
          <SkeletonItem size={64} />
        </Skeleton>
      ) : null}
      {held.length === 0 ? null : (
        <>
          <ul className={styles.list} aria-label={t("delete.list")}>
            {held.map((each) => (
              <HeldItem key={each.type} held={each} />
            ))}
          </ul>
          <Checkbox checked={all} onChange={(_, data) => setAll(data.checked === true)} label={t("delete.all")} />
        </>
      )}
      <Field
        label={t("delete.grace")}
        hint={t("delete.grace_help")}
        {...(daysFit ? {} : { validationMessage: t("delete.grace_bounds", { maximum: LONGEST_GRACE_DAYS }) })}
      >
        <Input
          className={styles.days}
          inputMode="numeric"
          value={days}
          onChange={(_, data) => setDays(data.value.trim())}
        />
      </Field>
    </ChangeDialog>
  );
}

function HeldItem({ held }: { held: Held }) {
  const styles = useStyles();
  const { t } = useTranslation("subscriptions");
  const shown = held.items.slice(0, NAMED);
  const names = shown.map((item) => item.name).join(", ");
  const more = held.count - shown.length;
  return (
    <li>
      {t(`delete.types.${held.type}`, { count: held.count, defaultValue: `${held.count} ${held.title}` })}{" "}
      <span className={styles.detail}>
        {names}
        {more > 0 ? ` ${t("delete.more", { count: more })}` : ""}
      </span>
    </li>
  );
}
