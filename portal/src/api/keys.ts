/** Query keys: what the cache knows things by, and what an event makes out of date. */
export type ListParameters = Readonly<Record<string, string>>;

export const keys = {
  /** Everything about resources of one type. */
  type: (type: string) => ["resource", type] as const,
  lists: (type: string) => ["resource", type, "list"] as const,
  list: (type: string, path: string, parameters: ListParameters) =>
    ["resource", type, "list", path, parameters] as const,
  item: (type: string, id: string) => ["resource", type, "item", id] as const,
  /** Something that hangs on one resource and changes with it, such as its metrics. */
  facet: (type: string, id: string, facet: string, ...more: readonly unknown[]) =>
    ["resource", type, "facet", id, facet, ...more] as const,
  history: (resourceId: string | null) => ["history", resourceId] as const,
  usage: (subscriptionId: string) => ["usage", subscriptionId] as const,
  me: ["me"] as const,
};
