/** The rows of a list that are selected. */
import { useCallback, useMemo, useState } from "react";

export interface Selection {
  ids: ReadonlySet<string>;
  set: (ids: ReadonlySet<string>) => void;
  /** Take a row into the selection or out of it. Stays the same function, so that rows need not be drawn again. */
  toggle: (id: string) => void;
}

export function useSelection(): Selection {
  const [ids, set] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((id: string) => set((known) => toggled(known, id)), []);
  return useMemo(() => ({ ids, set, toggle }), [ids, toggle]);
}

/** The other way round for one of a set. */
export function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return next;
}
