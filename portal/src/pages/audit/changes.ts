/** What a record of the audit trail says was changed. */
import type { Resource } from "@/api/wire";

export interface FieldChange {
  field: string;
  /** Null: there was no such value. */
  before: string | null;
  after: string | null;
}

/** Return each field that differs, in alphabetical order. */
export function changesOf(record: Resource): FieldChange[] {
  const before = (record["before"] ?? {}) as Record<string, unknown>;
  const after = (record["after"] ?? {}) as Record<string, unknown>;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().map((field) => ({
    field,
    before: written(before[field]),
    after: written(after[field]),
  }));
}

/** Write a value so that people can compare it with another: structured ones over several lines. */
export function written(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
