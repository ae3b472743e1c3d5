/** Texts that resource providers in other processes give in several languages. */

export type Labels = Record<string, unknown> & { en: string };

/** Return a text in a language; in English where there is none. */
export function labelIn(labels: Labels, language: string): string {
  const text = labels[language];
  return typeof text === "string" ? text : labels.en;
}
