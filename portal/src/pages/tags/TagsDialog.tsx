/** Something's tags, all at once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import { tagsBody, tagsDraft } from "@/manifest/tags";
import type { DialogProps } from "@/manifest/types";
import { nameOf } from "@/manifest/values";
import { ChangeDialog } from "../virtual-machines/ChangeDialog";
import { TagsInput } from "./TagsInput";

export default function TagsDialog({ resource, manifest, values, onClose }: DialogProps) {
  const { t } = useTranslation("frame");
  const queries = useQueryClient();
  const [tags, setTags] = useState<unknown>(() => tagsDraft(resource["tags"]));
  const change = useMutation({
    mutationFn: () => {
      const wanted = tagsBody(tags);
      // The API merges; null takes one away.
      const gone = tagsDraft(resource["tags"]).filter(({ key }) => !(key in wanted));
      const body = { tags: { ...wanted, ...Object.fromEntries(gone.map(({ key }) => [key, null])) } };
      const path = fillPath(manifest.paths.item ?? "", { ...values, ...resource });
      const headers: Record<string, string> =
        resource.generation === undefined ? {} : { "If-Match": `"${resource.generation}"` };
      return call<unknown>("PATCH", path, { body, headers });
    },
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: keys.type(manifest.type) });
    },
  });
  const title = t("actions.tags.title");
  return (
    <ChangeDialog
      title={`${title}: ${nameOf(resource)}`}
      text={t("tags.help")}
      submit={t("tags.save")}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate()}
      onClose={() => onClose()}
    >
      <TagsInput id="tags" label={title} value={tags} onChange={setTags} values={{}} error={null} />
    </ChangeDialog>
  );
}
