/** Languages by their tags. */

/** Return what a language is called in the reader's; null when the tag is none. */
export function languageName(tag: string, reader: string): string | null {
  try {
    return new Intl.DisplayNames([reader], { type: "language", fallback: "none" }).of(tag) ?? null;
  } catch {
    // What is being typed is not a tag yet.
    return null;
  }
}
