/** Tags: words of one's own on a resource, to find it by. */
import { Button, Field, Input, makeStyles } from "@fluentui/react-components";
import { AddRegular, DeleteRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";

import { type TagDraft, tagsBody } from "@/manifest/tags";
import type { InputProps } from "@/manifest/types";

const useStyles = makeStyles({
  room: { display: "flex", flexDirection: "column", gap: "8px", alignItems: "start" },
  tag: {
    display: "grid",
    gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1fr) auto",
    gap: "8px",
    alignItems: "end",
    width: "100%",
  },
});

/** As the API bounds them. */
const MOST = 20;

export function TagsInput({ value, onChange: tell, onChosen, id, label }: InputProps) {
  const styles = useStyles();
  const { t } = useTranslation("frame");
  const tags = Array.isArray(value) ? (value as TagDraft[]) : [];
  const onChange = (now: TagDraft[]) => {
    tell(now);
    // What the review shows and the command line takes.
    onChosen?.(Object.entries(tagsBody(now)).map(([key, word]) => ({ id: key, name: `${key}=${word}` })));
  };
  const change = (place: number, tag: TagDraft) => onChange(tags.map((one, at) => (at === place ? tag : one)));
  return (
    <div id={id} className={styles.room} role="group" aria-label={label}>
      {tags.map((tag, place) => (
        <div key={place} className={styles.tag}>
          <Field label={t("tags.key")}>
            <Input value={tag.key} maxLength={63} onChange={(_, data) => change(place, { ...tag, key: data.value })} />
          </Field>
          <Field label={t("tags.value")}>
            <Input
              value={tag.value}
              maxLength={200}
              onChange={(_, data) => change(place, { ...tag, value: data.value })}
            />
          </Field>
          <Button
            icon={<DeleteRegular />}
            aria-label={t("tags.remove", { key: tag.key })}
            onClick={() => onChange(tags.filter((_, at) => at !== place))}
          />
        </div>
      ))}
      <Button
        size="small"
        icon={<AddRegular />}
        disabledFocusable={tags.length >= MOST}
        onClick={() => onChange([...tags, { key: "", value: "" }])}
      >
        {t("tags.add")}
      </Button>
    </div>
  );
}

export default TagsInput;
