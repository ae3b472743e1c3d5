/** The rows of a list that are selected. */
import type { Resource } from "@/api/wire";

export interface Selection {
  ids: ReadonlySet<string>;
  onChange: (ids: ReadonlySet<string>) => void;
}

/** Take a row into a selection or out of it. */
export function toggled(selection: Selection, row: Resource): ReadonlySet<string> {
  const next = new Set(selection.ids);
  if (!next.delete(row.id)) next.add(row.id);
  return next;
}
