/** What all resources with tags show of them, and how they are changed. */
import type { ActionManifest, ColumnManifest, Condition, FieldManifest, FilterManifest } from "./types";

export const TAG_COLUMN: ColumnManifest = { field: "tags", kind: "tags", width: 160, priority: 3 };
export const TAG_FIELD: FieldManifest = { field: "tags", kind: "tags" };
export const TAG_FILTER: FilterManifest = { field: "tags", kind: "tags" };

/** The action that changes them, by a PATCH of the resource at `path`. */
export function tagsAction(permission: string, path: string, when: readonly Condition[] = []): ActionManifest {
  return {
    id: "tags",
    icon: "tag",
    permission,
    method: "PATCH",
    path,
    when,
    dialog: () => import("@/pages/tags/TagsDialog"),
  };
}
