/** Names a program that decides on changes, and shows its secret, once. */
import {
  Button,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Radio,
  RadioGroup,
  Textarea,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { Secret } from "@/pages/webhooks/Secret";
import { FormPage, PageForm, PageOutcome } from "@/shell/FormPage";

const LIST = "/approval-programs";
const LONGEST_S = 10;
export const SILENCES = ["refuse", "approve", "ask_a_person"] as const;

const useStyles = makeStyles({ number: { maxWidth: "120px" } });

export default function NewProgramPage() {
  const styles = useStyles();
  const { t } = useTranslation("approval_programs");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [draft, setDraft] = useState({ name: "", url: "https://", timeout: "5", silence: "", certificates: "" });
  const create = useMutation({
    mutationFn: async () => {
      const certificates = draft.certificates.trim();
      const body = {
        name: draft.name.trim(),
        url: draft.url.trim(),
        when_silent: draft.silence,
        timeout_s: Number(draft.timeout),
        ca_certificates: certificates === "" ? null : certificates,
      };
      return (await call<AdminSchemas["NewApprovalProgramView"]>("POST", LIST, { body })).body;
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.type("approval_program") }),
  });
  const change = (part: Partial<typeof draft>) => {
    setDraft({ ...draft, ...part });
  };
  const seconds = Number(draft.timeout);
  const timely = Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_S;
  const complete = draft.name.trim() !== "" && draft.silence !== "" && timely;
  if (create.data !== undefined) {
    const made = create.data;
    return (
      <FormPage title={made.name}>
        <PageOutcome
          buttons={
            <>
              <Button appearance="primary" onClick={() => void navigate({ to: `${LIST}/${made.id}` })}>
                {t("create.look")}
              </Button>
              <Button onClick={() => void navigate({ to: "/approval-rules/new" })}>{t("create.rule")}</Button>
            </>
          }
        >
          <Secret secret={made.secret} />
        </PageOutcome>
      </FormPage>
    );
  }
  return (
    <FormPage title={t("create.title")}>
      <PageForm
        submit={t("create.button")}
        ready={complete}
        sending={create.isPending}
        error={create.error}
        onSubmit={() => create.mutate()}
        cancel={t("create.cancel")}
        onCancel={() => void navigate({ to: LIST })}
      >
        <Field label={t("inputs.name.title")} hint={t("inputs.name.help")} required>
          <Input value={draft.name} maxLength={100} onChange={(_, data) => change({ name: data.value })} />
        </Field>
        <Field label={t("inputs.url.title")} hint={t("inputs.url.help")} required>
          <Input type="url" value={draft.url} maxLength={2000} onChange={(_, data) => change({ url: data.value })} />
        </Field>
        <Field label={t("inputs.timeout_s.title")} hint={t("inputs.timeout_s.help")} required>
          <Input
            className={styles.number}
            inputMode="numeric"
            value={draft.timeout}
            onChange={(_, data) => change({ timeout: data.value.trim() })}
          />
        </Field>
        <Field label={t("inputs.when_silent.title")} hint={t("inputs.when_silent.help")} required>
          <RadioGroup value={draft.silence} onChange={(_, data) => change({ silence: data.value })}>
            {SILENCES.map((silence) => (
              <Radio key={silence} value={silence} label={t(`inputs.when_silent.options.${silence}`)} />
            ))}
          </RadioGroup>
        </Field>
        {draft.silence === "approve" ? (
          <MessageBar intent="warning" layout="multiline">
            <MessageBarBody>{t("create.approves_all")}</MessageBarBody>
          </MessageBar>
        ) : null}
        <Field label={t("inputs.ca_certificates.title")} hint={t("inputs.ca_certificates.help")}>
          <Textarea
            rows={4}
            value={draft.certificates}
            maxLength={65_536}
            onChange={(_, data) => change({ certificates: data.value })}
          />
        </Field>
      </PageForm>
    </FormPage>
  );
}
