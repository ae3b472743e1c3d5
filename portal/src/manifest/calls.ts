/** The calls that do the same as a click: for `curl`, and for Zaffre's command line. */
import type { CreateManifest, InputManifest } from "./types";
import { valueAt } from "./values";

/** Write a text so that a shell takes it as one word. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The request as a `curl` command. The token is left to the reader's environment. */
export function curlCommand(method: string, path: string, body?: unknown, origin = window.location.origin): string {
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}${shellWord(`${origin}/api${path}`)}`];
  lines.push(`-H "Authorization: Bearer $TOKEN"`);
  if (body !== undefined) {
    lines.push(`-H 'Content-Type: application/json'`, `-d ${shellWord(JSON.stringify(body, null, 2))}`);
  }
  return lines.join(" \\\n  ");
}

/**
 * Fill in a command line: words, and `{field}` in them. An option whose value is absent is left out with it; a list
 * repeats it. `[--flag {field}]` marks what belongs together.
 */
export function cliCommand(template: string, values: Readonly<Record<string, unknown>>): string {
  const withOptions = template.replace(/\[([^\]]*)\]/g, (_, option: string) => optionText(option, values));
  const filled = withOptions.replace(/\{([\w.]+)\}/g, (_, field: string) => wordOf(valueAt(values, field)));
  return filled.replace(/ +/g, " ").trim();
}

function optionText(option: string, values: Readonly<Record<string, unknown>>): string {
  const field = /\{([\w.*]+)\}/.exec(option)?.[1];
  if (field === undefined) return option;
  const value = valueAt(values, field);
  if (value === undefined || value === null || value === "" || value === false) return "";
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items
    .map((item) => (item === true ? option.replace(/ ?\{[^}]*\}/, "") : option.replace(/\{[^}]*\}/, wordOf(item))))
    .join(" ");
}

function wordOf(value: unknown): string {
  if (value === undefined || value === null) return "…";
  return shellWord(typeof value === "string" ? value : JSON.stringify(value));
}

/** What stands for what nobody is to read over somebody's shoulder. */
export const DOTS = "••••••";

export function isSecret(input: InputManifest): boolean {
  return input.kind === "text" && input.secret === true;
}

/** What is sent, with dots for what is secret. */
export function withoutSecrets(create: CreateManifest, body: Record<string, unknown>): Record<string, unknown> {
  const secret = new Set(create.steps.flatMap(({ fields }) => fields.filter(isSecret).map(({ name }) => name)));
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, secret.has(name) ? DOTS : value]));
}
