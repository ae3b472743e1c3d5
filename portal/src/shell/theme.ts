/** Zaffre's blue, light and dark, and which of them is shown. */
import { createDarkTheme, createLightTheme, type BrandVariants, type Theme } from "@fluentui/react-components";
import { useSyncExternalStore } from "react";

/** The pigment's deep blue, from nearly black to nearly white. */
const zaffre: BrandVariants = {
  10: "#02030f",
  20: "#070f33",
  30: "#081a5c",
  40: "#0a2180",
  50: "#0c27a0",
  60: "#142fb5",
  70: "#2239c4",
  80: "#2f45d0",
  90: "#4057d9",
  100: "#536ae0",
  110: "#677de6",
  120: "#7c91ec",
  130: "#92a5f1",
  140: "#a9b9f5",
  150: "#c1ccf9",
  160: "#dae1fc",
};

const light: Theme = { ...createLightTheme(zaffre), colorBrandForeground1: zaffre[70] };
const dark: Theme = {
  ...createDarkTheme(zaffre),
  colorBrandForeground1: zaffre[120],
  colorBrandForeground2: zaffre[130],
  colorBrandForegroundLink: zaffre[130],
  colorBrandForegroundLinkHover: zaffre[140],
  colorBrandForegroundLinkPressed: zaffre[120],
};

export type ThemeChoice = "light" | "dark" | "system";
export const THEME_CHOICES: readonly ThemeChoice[] = ["light", "dark", "system"];
const KEY = "zaffre.theme";
const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function themeChoice(): ThemeChoice {
  const chosen = window.localStorage.getItem(KEY);
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  window.localStorage.setItem(KEY, choice);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  darkness.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    darkness.removeEventListener("change", listener);
  };
}

function isDark(): boolean {
  const choice = themeChoice();
  return choice === "dark" || (choice === "system" && darkness.matches);
}

export function useDarkTheme(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}

export function useTheme(): Theme {
  return useDarkTheme() ? dark : light;
}
