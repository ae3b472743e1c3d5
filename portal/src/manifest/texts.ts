/** A manifest's texts: looked up by convention in its namespace, then among the frame's common ones. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Resource } from "@/api/wire";
import type { ResourceManifest } from "./types";
import { formatValue, nameOf, valueAt } from "./values";

export interface Texts {
  title: string;
  singular: string;
  field: (field: string) => string;
  state: (field: string, value: string) => string;
  word: (field: string, value: string) => string;
  /** What says a deed, such as `virtual_machine.created`. */
  deed: (kind: string) => string;
  /** Any other key of the namespace; a last resort is made from the key's last part. */
  text: (key: string, values?: Record<string, unknown>) => string;
  /** Like `text`, but null where the catalogue has nothing. */
  maybe: (key: string, values?: Record<string, unknown>) => string | null;
  language: string;
}

/** `memory_mib` becomes `Memory mib`: better than a key, and easily noticed. */
function spelled(key: string): string {
  const last = key.split(".").at(-1) ?? key;
  const words = last.replaceAll("_", " ").replaceAll("*", "").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Field paths have dots and stars in them, which keys cannot have. */
function keyOf(field: string): string {
  return field.replaceAll(".*", "").replaceAll(".", "_");
}

export type Translate = (keys: string[], values: Record<string, unknown>) => string;

export function useTexts(manifest: Pick<ResourceManifest, "namespace" | "slug">): Texts {
  const { t, i18n } = useTranslation([manifest.namespace, "frame", "events"]);
  const { namespace, slug } = manifest;
  // The same texts are the same object, so that rows are not drawn again for nothing.
  return useMemo(() => textsOf(namespace, slug, t as Translate, i18n.language), [namespace, slug, t, i18n.language]);
}

/** What a resource is called at the head of its page. */
export function titleOf(manifest: Pick<ResourceManifest, "title">, resource: Resource, texts: Texts): string {
  const parts = (manifest.title ?? []).map((field) => {
    const written = formatValue(field.kind, valueAt(resource, field.field), texts.language);
    if (written !== "" && field.kind === "word") return texts.word(field.field, written);
    return written !== "" && field.kind === "deed" ? texts.deed(written) : written;
  });
  return parts.filter((part) => part !== "").join(" · ") || nameOf(resource);
}

/** Return what says an event's or a deed's kind, such as `virtual_machine.created`. */
export function deedText(kind: string, t: Translate): string {
  const [noun = "", verb = ""] = kind.split(".");
  return t(["events:event"], {
    noun: t([`events:nouns.${noun}`], { defaultValue: spelled(noun) }),
    verb: t([`events:verbs.${verb}`], { defaultValue: verb.replaceAll("_", " ") }),
  });
}

export function textsOf(namespace: string, slug: string, t: Translate, language: string): Texts {
  const maybe = (key: string, values: Record<string, unknown> = {}): string | null => {
    const found = t([`${namespace}:${key}`, `frame:${key}`], { defaultValue: "", ...values });
    return found === "" ? null : found;
  };
  const text = (key: string, values?: Record<string, unknown>) => maybe(key, values) ?? spelled(key);
  return {
    title: maybe("title") ?? spelled(slug),
    singular: maybe("singular") ?? spelled(slug),
    field: (field) => text(`fields.${keyOf(field)}`),
    state: (field, value) => maybe(`values.${keyOf(field)}.${value}`) ?? maybe(`states.${value}`) ?? spelled(value),
    word: (field, value) => text(`values.${keyOf(field)}.${keyOf(value)}`),
    deed: (kind) => deedText(kind, t),
    text,
    maybe,
    language,
  };
}
