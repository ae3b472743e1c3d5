/** What a list is asked for, and how the API spells it. */
import type { FilterManifest, ResourceManifest } from "./types";

/** The state of a list, as it stands in the address. Everything has a default, so an empty one is valid. */
export interface ListSearch {
  /** Words to search for. */
  q?: string;
  /** `field` or `-field`. */
  sort?: string;
  /** By field: chosen options; `true`/`false`; a text; `ge:4`, `le:4`, `eq:4`; for dates the same with a day. */
  f?: Record<string, string[]>;
  /** Columns shown, in order; absent means the manifest's. */
  cols?: string[];
}

/** Rows per request. */
export const PAGE_SIZE = 100;

/** Accept what stands in the address and drop what makes no sense: anybody can have typed it. */
export function validListSearch(search: Record<string, unknown>): ListSearch {
  const valid: ListSearch = {};
  if (typeof search["q"] === "string" || typeof search["q"] === "number") valid.q = String(search["q"]).slice(0, 200);
  if (typeof search["sort"] === "string") valid.sort = search["sort"];
  if (Array.isArray(search["cols"])) valid.cols = search["cols"].filter((name) => typeof name === "string");
  if (typeof search["f"] === "object" && search["f"] !== null) {
    const entries = Object.entries(search["f"] as Record<string, unknown>).map(([field, values]) => [
      field,
      Array.isArray(values) ? values.map(String) : [String(values)],
    ]);
    valid.f = Object.fromEntries(entries) as Record<string, string[]>;
  }
  return valid;
}

/** Write a text as an OData literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Return the `$filter` for chosen filters and a condition that always holds; an empty text when there is none. */
export function filterExpression(
  manifest: ResourceManifest,
  chosen: Record<string, string[]> = {},
  always: string | null = null,
): string {
  const parts = (manifest.filters ?? []).flatMap((filter) => {
    const values = (chosen[filter.field] ?? []).filter((value) => value !== "");
    return values.length > 0 ? [condition(filter, values)] : [];
  });
  return [...(always ? [always] : []), ...parts].join(" and ");
}

function condition(filter: FilterManifest, values: string[]): string {
  const { field } = filter;
  switch (filter.kind) {
    case "enum":
    case "reference":
      return anyOf(values.map((value) => `${field} eq ${literal(value)}`));
    case "boolean":
      return anyOf(values.map((value) => `${field} eq ${value === "true" ? "true" : "false"}`));
    case "text":
      return anyOf(values.map((value) => `contains(${field},${literal(value)})`));
    case "tags":
      return anyOf(values.map((value) => `tags/any(t:startswith(t,${literal(value)}))`));
    case "number":
      return values.map((value) => bounded(field, value, (number) => String(Number(number) || 0))).join(" and ");
    case "date":
      return values.map((value) => bounded(field, value, instantOf)).join(" and ");
  }
}

function anyOf(conditions: string[]): string {
  return conditions.length === 1 ? (conditions[0] ?? "") : `(${conditions.join(" or ")})`;
}

const OPERATORS = new Set(["eq", "ge", "le", "gt", "lt"]);

function bounded(field: string, value: string, write: (text: string) => string): string {
  const [operator = "eq", ...rest] = value.split(":");
  return OPERATORS.has(operator) ? `${field} ${operator} ${write(rest.join(":"))}` : `${field} eq ${write(value)}`;
}

/** A day as typed is the reader's; the API wants an instant. */
function instantOf(day: string): string {
  const date = new Date(day.length <= 10 ? `${day}T00:00:00` : day);
  return Number.isNaN(date.valueOf()) ? new Date(0).toISOString() : date.toISOString();
}

/** Return `$orderby` for a sort that the manifest allows, else the manifest's own. */
export function orderExpression(manifest: ResourceManifest, sort: string | undefined): string | undefined {
  const wanted = sort ?? manifest.defaultSort;
  if (wanted === undefined) return undefined;
  const field = wanted.replace(/^-/, "");
  const sortable = manifest.columns.some((column) => column.field === field && column.sortable);
  if (!sortable) return manifest.defaultSort;
  return wanted.startsWith("-") ? `${field} desc` : field;
}

/** Return the query of a list's first page. */
export function listParameters(
  manifest: ResourceManifest,
  search: ListSearch,
  always: string | null = null,
): Record<string, string> {
  if (manifest.queryable === false) return {};
  const filter = filterExpression(manifest, search.f, always);
  const order = orderExpression(manifest, search.sort);
  return {
    $top: String(PAGE_SIZE),
    $count: "true",
    ...(filter ? { $filter: filter } : {}),
    ...(order ? { $orderby: order } : {}),
    ...(search.q && manifest.search ? { $search: search.q } : {}),
  };
}
