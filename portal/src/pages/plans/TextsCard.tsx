/** What tenants read of an offer, in each language that there is. */
import { Button, Card, Field, Input, makeStyles, Subtitle2, Textarea, tokens } from "@fluentui/react-components";
import { AddRegular, DeleteRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";

import { LANGUAGES } from "@/i18n/i18n";
import { useCardStyles, useFaultOf, type CardProps } from "./designerParts";
import type { TextDraft } from "./draft";
import { languageName } from "./languages";

/** As many as the API takes. */
const MOST_TEXTS = 50;

const useStyles = makeStyles({
  text: {
    display: "flex",
    flexDirection: "column",
    gap: "12px",
    margin: 0,
    padding: "12px",
    minWidth: 0,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  legend: { fontWeight: tokens.fontWeightSemibold, padding: "0 4px" },
});

export function TextsCard({ draft, faults, change }: CardProps) {
  const styles = useStyles();
  const card = useCardStyles();
  const { t, i18n } = useTranslation("offer_designer");
  const faultOf = useFaultOf(faults);
  const set = (place: number, part: Partial<TextDraft>) =>
    change({ texts: draft.texts.map((text, index) => (index === place ? { ...text, ...part } : text)) });
  const add = () => {
    const written = new Set(draft.texts.map((text) => text.language.split("-")[0]));
    const language = Object.keys(LANGUAGES).find((one) => !written.has(one)) ?? "";
    const first = draft.texts.length === 0;
    const text = {
      language,
      displayName: draft.name.trim(),
      description: first ? draft.description.trim() : "",
      price: "",
    };
    change({ texts: [...draft.texts, text] });
  };
  return (
    <Card className={card.card} role="group" aria-label={t("texts")}>
      <Subtitle2 as="h2">{t("texts")}</Subtitle2>
      <div className={card.note}>{t("texts_help")}</div>
      {draft.texts.map((text, place) => {
        const language = languageName(text.language, i18n.language) ?? t("another_language");
        return (
          <fieldset key={place} className={styles.text}>
            <legend className={styles.legend}>{language}</legend>
            <div className={card.fields}>
              <Field label={t("language")} hint={t("language_help")} required {...faultOf(`texts.${place}.language`)}>
                <Input
                  className={card.number}
                  value={text.language}
                  maxLength={35}
                  onChange={(_, data) => set(place, { language: data.value.trim() })}
                />
              </Field>
              <Field label={t("display_name")} required {...faultOf(`texts.${place}.name`)}>
                <Input
                  value={text.displayName}
                  maxLength={100}
                  onChange={(_, data) => set(place, { displayName: data.value })}
                />
              </Field>
            </div>
            <Field label={t("display_description")}>
              <Textarea
                value={text.description}
                maxLength={1000}
                onChange={(_, data) => set(place, { description: data.value })}
              />
            </Field>
            <Field label={t("price")} hint={t("price_help")}>
              <Input value={text.price} maxLength={200} onChange={(_, data) => set(place, { price: data.value })} />
            </Field>
            <div>
              <Button
                size="small"
                icon={<DeleteRegular />}
                aria-label={`${t("remove_text")}: ${language}`}
                onClick={() => change({ texts: draft.texts.filter((_, index) => index !== place) })}
              >
                {t("remove_text")}
              </Button>
            </div>
          </fieldset>
        );
      })}
      <div>
        <Button icon={<AddRegular />} disabled={draft.texts.length >= MOST_TEXTS} onClick={add}>
          {t("add_text")}
        </Button>
      </div>
    </Card>
  );
}
