/** What tenants will see, in each language that there are texts in. */
import { Button, Field, makeStyles, Select } from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { OfferFace } from "@/pages/offers/OfferFace";
import type { OfferDraft, OfferKind, Plan, Provider } from "./draft";
import { faceOfDraft } from "./faces";
import { languageName } from "./languages";
import { useAddOns } from "./LinksCard";

const useStyles = makeStyles({
  preview: { display: "flex", flexDirection: "column", gap: "12px", minWidth: 0, maxWidth: "480px" },
  language: { maxWidth: "220px" },
});

export interface OfferPreviewProps {
  kind: OfferKind;
  draft: OfferDraft;
  providers: readonly Provider[];
  byInvitation: boolean;
  /** Add-ons that the plan has already. */
  linked: Plan["add_ons"];
  /** Level of the name's heading. */
  level?: "h2" | "h3";
}

export function OfferPreview({ kind, draft, providers, byInvitation, linked, level = "h3" }: OfferPreviewProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation(["offer_designer", "offers"]);
  const [language, setLanguage] = useState<string | null>(null);
  const found = useAddOns();
  const tags = [...new Set(draft.texts.map((text) => text.language).filter((tag) => tag !== ""))];
  const shown = language !== null && tags.includes(language) ? language : i18n.language;
  const addOns = new Map(linked.map((one) => [one.add_on_id, one]));
  for (const one of found.data?.value ?? []) {
    if (!addOns.has(one.id)) addOns.set(one.id, { ...one, add_on_id: one.id, maximum: null });
  }
  const face = faceOfDraft(kind, draft, providers, shown, byInvitation, addOns);
  const named = face.name.trim() === "" ? { ...face, name: t("preview_name") } : face;
  return (
    <div className={styles.preview}>
      {tags.length < 2 ? null : (
        <Field label={t("preview_language")} className={styles.language}>
          <Select value={shown} onChange={(_, data) => setLanguage(data.value)}>
            {tags.includes(shown) ? null : <option value={shown}>{languageName(shown, i18n.language) ?? shown}</option>}
            {tags.map((tag) => (
              <option key={tag} value={tag}>
                {languageName(tag, i18n.language) ?? tag}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <OfferFace face={named} level={level}>
        <div>
          <Button appearance="primary" disabledFocusable>
            {t(kind === "plan" ? "offers:subscribe" : "acquire")}
          </Button>
        </div>
      </OfferFace>
    </div>
  );
}
