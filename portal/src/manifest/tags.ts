/** What all resources with tags show of them, and how they are changed. */
import type { ActionManifest, ColumnManifest, Condition, FieldManifest, FilterManifest, InputManifest } from "./types";

export const TAG_COLUMN: ColumnManifest = { field: "tags", kind: "tags", width: 160, priority: 3 };
export const TAG_FIELD: FieldManifest = { field: "tags", kind: "tags" };
export const TAG_FILTER: FilterManifest = { field: "tags", kind: "tags" };
/** Tags given when something is made. */
export const TAG_INPUT: InputManifest = {
  name: "tags",
  kind: "component",
  component: () => import("@/pages/tags/TagsInput"),
  sent: tagsBody,
};

export interface TagDraft {
  key: string;
  value: string;
}

/** As they are sent: by key, without those that have none. */
export function tagsBody(value: unknown): Record<string, string> {
  if (!Array.isArray(value)) return {};
  const named = (value as TagDraft[]).filter((tag) => tag.key.trim() !== "");
  return Object.fromEntries(named.map((tag) => [tag.key.trim(), tag.value.trim()]));
}

/** As they are filled in. */
export function tagsDraft(tags: unknown): TagDraft[] {
  if (typeof tags !== "object" || tags === null) return [];
  return Object.entries(tags as Record<string, string>).map(([key, value]) => ({ key, value }));
}

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
