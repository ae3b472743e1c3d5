/** Checking a form against what the API's description says it accepts, before anything is sent. */
import adminBounds from "@/api/generated/admin.bounds.json";
import tenantBounds from "@/api/generated/tenant.bounds.json";
import { failedCondition } from "./values";
import type { FormValues, InputManifest } from "./types";

/** What the OpenAPI description says of a body's field. */
export interface Bounds {
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
}

const BOUNDS: Record<"tenant" | "admin", Record<string, Record<string, Bounds>>> = {
  tenant: tenantBounds,
  admin: adminBounds,
};

/** A message key of `frame` with its values. */
export interface Fault {
  key: string;
  values?: Record<string, unknown>;
}

/** Return a body's bounds by field. */
export function boundsOf(face: "tenant" | "admin", schema: string | undefined): Record<string, Bounds> {
  return schema === undefined ? {} : (BOUNDS[face][schema] ?? {});
}

/** The bounds of an input: the description's, made tighter or filled in by the manifest. */
export function inputBounds(input: InputManifest, described: Record<string, Bounds>): Bounds {
  const kept = Object.entries(input).filter(([key, value]) => key in LIMITS && value !== undefined);
  return { ...described[input.name], ...Object.fromEntries(kept) };
}

const LIMITS: Record<keyof Bounds, true> = {
  required: true,
  minLength: true,
  maxLength: true,
  minimum: true,
  maximum: true,
  pattern: true,
  minItems: true,
  maxItems: true,
};

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Return what is wrong with a value; null when nothing is. */
export function faultOf(value: unknown, bounds: Bounds): Fault | null {
  if (isAbsent(value)) {
    const needed = bounds.required === true || (bounds.minItems ?? 0) > 0;
    return needed ? { key: "validation.required" } : null;
  }
  if (typeof value === "string") return textFault(value, bounds);
  if (typeof value === "number") return numberFault(value, bounds);
  if (Array.isArray(value)) return listFault(value.length, bounds);
  return null;
}

function textFault(value: string, bounds: Bounds): Fault | null {
  const { minLength, maxLength, pattern } = bounds;
  if (minLength !== undefined && value.length < minLength) {
    return { key: "validation.too_short", values: { count: minLength } };
  }
  if (maxLength !== undefined && value.length > maxLength) {
    return { key: "validation.too_long", values: { count: maxLength } };
  }
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) return { key: "validation.pattern" };
  return null;
}

function numberFault(value: number, { minimum, maximum }: Bounds): Fault | null {
  if (Number.isNaN(value)) return { key: "validation.number" };
  if (minimum !== undefined && value < minimum) return { key: "validation.minimum", values: { minimum } };
  if (maximum !== undefined && value > maximum) return { key: "validation.maximum", values: { maximum } };
  return null;
}

function listFault(length: number, { minItems, maxItems }: Bounds): Fault | null {
  if (minItems !== undefined && length < minItems) return { key: "validation.too_few", values: { count: minItems } };
  if (maxItems !== undefined && length > maxItems) return { key: "validation.too_many", values: { count: maxItems } };
  return null;
}

/** Return what is wrong in a form, by the path of the field: `ports[0].subnet_id`. */
export function formFaults(
  inputs: readonly InputManifest[],
  values: FormValues,
  described: Record<string, Bounds> = {},
  prefix = "",
): Record<string, Fault> {
  const faults: Record<string, Fault> = {};
  for (const input of inputs) {
    if (failedCondition(values, input.when) !== null) continue;
    const value = values[input.name];
    const path = prefix + input.name;
    const fault = faultOf(value, inputBounds(input, described));
    if (fault !== null) faults[path] = fault;
    if (input.kind !== "group" || !Array.isArray(value)) continue;
    for (const [index, item] of (value as FormValues[]).entries()) {
      Object.assign(faults, formFaults(input.fields, item, {}, `${path}[${index}].`));
    }
  }
  return faults;
}

/** The values that a form begins with. */
export function initialValues(inputs: readonly InputManifest[]): FormValues {
  const values: FormValues = {};
  for (const input of inputs) {
    if (input.default !== undefined) values[input.name] = input.default;
    else if (input.kind === "switch") values[input.name] = false;
    else if (input.kind === "group" || (input.kind === "select" && input.multiple === true)) values[input.name] = [];
  }
  return values;
}

/** What is sent: fields that are shown and filled in. Those left empty are left out, so that defaults apply. */
export function bodyOf(inputs: readonly InputManifest[], values: FormValues): Record<string, unknown> {
  const shown = inputs.filter((input) => failedCondition(values, input.when) === null);
  const entries = shown.flatMap((input): [string, unknown][] => {
    const value = values[input.name];
    if (isAbsent(value)) return input.kind === "group" ? [[input.name, []]] : [];
    if (input.kind === "component" && input.sent !== undefined) return [[input.name, input.sent(value)]];
    if (input.kind !== "group") return [[input.name, value]];
    return [[input.name, (value as FormValues[]).map((item) => bodyOf(input.fields, item))]];
  });
  return Object.fromEntries(entries);
}
