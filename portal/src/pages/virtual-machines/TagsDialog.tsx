/** A machine's tags, all at once. */
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { DialogProps } from "@/manifest/types";
import { ChangeDialog } from "./ChangeDialog";
import { machineOf, machinePath } from "./machine";
import { TagsInput, tagsBody, tagsDraft } from "./TagsInput";
import { useChange } from "./useChange";

export default function TagsDialog({ resource, onClose }: DialogProps) {
  const { t } = useTranslation("virtual_machines");
  const machine = machineOf(resource);
  const change = useChange(() => onClose());
  const [tags, setTags] = useState<unknown>(() => tagsDraft(machine.tags));
  const save = () => {
    const wanted = tagsBody(tags);
    // The API merges; null takes one away.
    const gone = Object.keys(machine.tags).filter((key) => !(key in wanted));
    const body = { tags: { ...wanted, ...Object.fromEntries(gone.map((key) => [key, null])) } };
    change.mutate({ method: "PATCH", path: machinePath(machine), body });
  };
  return (
    <ChangeDialog
      title={`${t("actions.tags.title")}: ${machine.name}`}
      text={t("inputs.tags.help")}
      submit={t("tags.save")}
      pending={change.isPending}
      error={change.error}
      onSubmit={save}
      onClose={() => onClose()}
    >
      <TagsInput id="tags" label={t("actions.tags.title")} value={tags} onChange={setTags} values={{}} error={null} />
    </ChangeDialog>
  );
}
