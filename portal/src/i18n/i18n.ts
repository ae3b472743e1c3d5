/**
 * Texts, by language and room.
 *
 * Each room (namespace) is a file of its own in `locales/{language}/`, fetched when its first text is shown. What a
 * language lacks is shown in English.
 */
import i18next, { type BackendModule, type ReadCallback } from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;
const KEY = "zaffre.language";

const catalogues = import.meta.glob<{ default: Record<string, unknown> }>("../locales/*/*.json");

const lazily: BackendModule = {
  type: "backend",
  init: () => undefined,
  read(language: string, namespace: string, callback: ReadCallback) {
    const load = catalogues[`../locales/${language}/${namespace}.json`];
    if (load === undefined) {
      callback(null, {});
      return;
    }
    load().then(
      (catalogue) => callback(null, catalogue.default),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), false),
    );
  },
};

export function isLanguage(text: string | null): text is Language {
  return text !== null && text in LANGUAGES;
}

/** The language chosen before, else the browser's if there is one, else English. */
function preferredLanguage(): Language {
  const chosen = window.localStorage.getItem(KEY);
  if (isLanguage(chosen)) return chosen;
  const spoken = navigator.languages.map((tag) => tag.split("-")[0] ?? "").find((tag) => isLanguage(tag));
  return isLanguage(spoken ?? null) ? (spoken as Language) : "en";
}

export async function startTexts(namespaces: readonly string[]): Promise<void> {
  await i18next
    .use(lazily)
    .use(initReactI18next)
    .init({
      lng: preferredLanguage(),
      fallbackLng: "en",
      supportedLngs: Object.keys(LANGUAGES),
      ns: ["frame", ...namespaces],
      defaultNS: "frame",
      fallbackNS: "frame",
      interpolation: { escapeValue: false },
      returnNull: false,
    });
  document.documentElement.lang = i18next.language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  window.localStorage.setItem(KEY, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
