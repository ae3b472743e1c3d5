/** The first page of a short collection, to choose from. */
import { useQuery } from "@tanstack/react-query";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { Page } from "@/api/wire";

/** As many as are offered without searching. */
export const MOST_OPTIONS = 200;

export function useOptions<T>(type: string, path: string | null, parameters: Record<string, string> = {}) {
  const asked = { $orderby: "name", $top: String(MOST_OPTIONS), ...parameters };
  return useQuery({
    queryKey: [...keys.type(type), "options", path, asked],
    queryFn: async ({ signal }) => (await call<Page<T>>("GET", path ?? "", { signal, query: asked })).body.value,
    enabled: path !== null,
  });
}
