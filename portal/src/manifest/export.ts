/** Taking a list away as a file: every page of the present filter, one after the other, up to a bound. */
import { call } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import type { ColumnManifest } from "./types";
import { valueAt } from "./values";

export const EXPORT_LIMIT = 50_000;
const EXPORT_PAGE = 1_000;

export type ExportFormat = "csv" | "json";

export interface ExportRequest {
  path: string;
  parameters: Readonly<Record<string, string>>;
  signal: AbortSignal;
  onProgress: (rows: number) => void;
}

/** Read all rows of a list. */
export async function readAll({ path, parameters, signal, onProgress }: ExportRequest): Promise<Resource[]> {
  const rows: Resource[] = [];
  const query = "$top" in parameters ? { ...parameters, $top: String(EXPORT_PAGE), $count: "false" } : parameters;
  let next: string | null = path;
  while (next !== null && rows.length < EXPORT_LIMIT) {
    const sending: { signal: AbortSignal; query?: Record<string, string> } = { signal };
    if (next === path) sending.query = query;
    const page: Page<Resource> = (await call<Page<Resource>>("GET", next, sending)).body;
    rows.push(...page.value);
    onProgress(rows.length);
    next = page["@odata.nextLink"] ?? null;
  }
  return rows.slice(0, EXPORT_LIMIT);
}

/** Write rows as CSV (RFC 4180), with the fields' names on top. */
export function toCsv(rows: readonly Resource[], columns: readonly ColumnManifest[]): string {
  const fields = columns.map((column) => column.field);
  const lines = rows.map((row) => fields.map((field) => csvCell(valueAt(row, field))).join(","));
  return [fields.map(csvCell).join(","), ...lines].join("\r\n") + "\r\n";
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = cellText(value);
  // A spreadsheet would run what begins like a formula; the quote makes it a text.
  const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function cellText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return (value as unknown[]).map(cellText).filter(Boolean).join(" ");
  return value === null || value === undefined ? "" : JSON.stringify(value);
}

/** Hand a text to the reader as a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
