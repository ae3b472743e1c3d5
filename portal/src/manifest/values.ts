/** Reading values out of resources, and writing them for people. */
import type { Resource } from "@/api/wire";
import type { Condition, Tone } from "./types";

/** Return what a dotted path leads to; `*` goes through every item of a list and gives a list. */
export function valueAt(source: unknown, path: string): unknown {
  let values: unknown[] = [source];
  let many = false;
  for (const part of path.split(".")) {
    if (part === "*") {
      many = true;
      values = values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : []));
    } else {
      values = values.map((value) =>
        typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined,
      );
    }
  }
  return many ? values : values[0];
}

/** The first condition that does not hold; null when all do. */
export function failedCondition(resource: unknown, conditions: readonly Condition[] = []): Condition | null {
  return conditions.find((condition) => !holds(resource, condition)) ?? null;
}

function holds(resource: unknown, condition: Condition): boolean {
  const value = valueAt(resource, condition.field);
  const absent = value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  if (condition.present !== undefined && condition.present === absent) return false;
  if (condition.in !== undefined && !condition.in.includes(value)) return false;
  return condition.notIn === undefined || !condition.notIn.includes(value);
}

const TONES: Readonly<Record<string, Tone>> = {
  running: "good",
  active: "good",
  available: "good",
  ready: "good",
  attached: "good",
  enabled: "good",
  succeeded: "good",
  public: "good",
  in_sync: "good",
  connected: "good",
  stopped: "neutral",
  paused: "neutral",
  disabled: "neutral",
  private: "neutral",
  queued: "neutral",
  cancelled: "neutral",
  absent: "neutral",
  empty: "neutral",
  awaiting_content: "neutral",
  decommissioned: "neutral",
  suspended: "warning",
  expiring: "warning",
  unknown: "warning",
  unwinding: "warning",
  out_of_sync: "bad",
  missing: "bad",
  crashed: "bad",
  failed: "bad",
  stuck: "bad",
};

/** How a state is coloured. What ends in `ing` is in motion. */
export function toneOf(state: string, own: Readonly<Record<string, Tone>> = {}): Tone {
  return own[state] ?? TONES[state] ?? (state.endsWith("ing") ? "busy" : "neutral");
}

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Write a size with the unit that fits: 1536 MiB is 1.5 GiB. */
export function formatBytes(bytes: number, language: string): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: value < 10 ? 2 : 1 }).format(value);
  return `${number} ${BINARY[unit] ?? ""}`;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Write a value of a kind; an empty text when there is none. */
export function formatValue(kind: string, value: unknown, language: string): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "number") {
    switch (kind) {
      case "bytes":
        return formatBytes(value, language);
      case "mib":
        return formatBytes(value * MIB, language);
      case "gib":
        return formatBytes(value * GIB, language);
      case "percent":
        return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(value / 100);
      default:
        return new Intl.NumberFormat(language).format(value);
    }
  }
  if (kind === "date" && typeof value === "string") return formatInstant(value, language);
  if (Array.isArray(value)) return value.filter((item) => item !== null && item !== undefined).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function formatInstant(instant: string, language: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.valueOf())) return instant;
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** Write how long ago an instant is, in the unit that fits. */
export function formatAgo(instant: string, now: number, language: string): string {
  const seconds = Math.round((Date.parse(instant) - now) / 1000);
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(Math.min(seconds, 0), "second");
}

/** The name people know a resource by. */
export function nameOf(resource: Resource): string {
  const name = resource.name ?? resource["email"] ?? resource["title"];
  return typeof name === "string" && name !== "" ? name : resource.id;
}
