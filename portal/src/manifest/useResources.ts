/** Reading collections and resources through their manifests. */
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";

import { keys } from "@/api/keys";
import { call, fillPath } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import { listParameters, type ListSearch } from "./odata";
import type { ResourceManifest } from "./types";

export interface ListRequest {
  manifest: ResourceManifest;
  /** What the path's braces are filled with. */
  values: Readonly<Record<string, unknown>>;
  search: ListSearch;
  /** A path other than the manifest's. */
  path?: string;
  /** A `$filter` that always holds. */
  filter?: string | null;
}

/** Read a collection, page by page as it is asked for. The server filters, sorts and counts. */
export function useResourceList({ manifest, values, search, path, filter = null }: ListRequest) {
  const first = fillPath(path ?? manifest.paths.list, values);
  const parameters = listParameters(manifest, search, filter);
  const queryKey = keys.list(manifest.type, first, parameters);
  const query = useInfiniteQuery({
    queryKey,
    queryFn: async ({ pageParam, signal }) =>
      (
        await call<Page<Resource>>("GET", pageParam ?? first, {
          signal,
          ...(pageParam === null ? { query: parameters } : {}),
        })
      ).body,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page["@odata.nextLink"] ?? null,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? (manifest.refreshMs ?? false) : false),
  });
  const client = useQueryClient();
  /** Begin at the first page again: what has been scrolled through need not be read a second time. */
  const readAnew = () => {
    client.setQueryData<InfiniteData<Page<Resource>>>(queryKey, (data) =>
      data === undefined ? data : { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
    );
    void query.refetch();
  };
  const rows = query.data?.pages.flatMap((page) => page.value) ?? [];
  return { query, readAnew, rows, path: first, parameters, count: query.data?.pages[0]?.["@odata.count"] ?? null };
}

/** Read one resource. */
export function useResource(manifest: ResourceManifest, id: string, values: Readonly<Record<string, unknown>>) {
  return useQuery({
    queryKey: keys.item(manifest.type, id),
    queryFn: async ({ signal }) =>
      (await call<Resource>("GET", fillPath(manifest.paths.item ?? "", { ...values, id }), { signal })).body,
  });
}
