/** What the command palette offers: every place, everything that can be made, and what the header's menus do. */
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { chooseLanguage, isLanguage, LANGUAGES } from "@/i18n/i18n";
import { listAddress } from "@/manifest/addresses";
import { usePortal } from "@/manifest/portal";
import { session, usePermissions } from "@/session/session";
import { useCurrentSubscription } from "@/session/subscriptions";
import type { IconName } from "./icons";
import { useNavigation } from "./navigation";
import { chooseTheme, THEME_CHOICES } from "./theme";

export interface Command {
  key: string;
  title: string;
  icon: IconName;
  run: () => void;
}

export function useCommands(): Command[] {
  const portal = usePortal();
  const navigate = useNavigate();
  const may = usePermissions();
  const sections = useNavigation();
  const { subscription } = useCurrentSubscription();
  const { t } = useTranslation(["frame", ...portal.resources.map((one) => one.namespace)]);
  const places = sections
    .flatMap((section) => section.entries)
    .map((entry) => ({
      key: `go ${entry.to}`,
      title: t("command.go", { title: entry.title }),
      icon: entry.icon,
      run: () => void navigate({ to: entry.to }),
    }));
  const makings = portal.resources
    .filter((one) => one.create !== undefined && may(one.create.permission))
    .filter((one) => one.scope === "site" || (subscription !== null && portal.face === "tenant"))
    .map((one) => ({
      key: `create ${one.slug}`,
      title: t(`${one.namespace}:create.title`),
      icon: "add" as const,
      run: () => void navigate({ to: `${listAddress(one, subscription?.id ?? null)}/new` }),
    }));
  const themes = THEME_CHOICES.map((choice) => ({
    key: `theme ${choice}`,
    title: t("command.theme", { name: t(`shell.themes.${choice}`) }),
    icon: "settings" as const,
    run: () => chooseTheme(choice),
  }));
  const languages = Object.entries(LANGUAGES).map(([code, name]) => ({
    key: `language ${code}`,
    title: t("command.language", { name }),
    icon: "globe" as const,
    run: () => {
      if (isLanguage(code)) void chooseLanguage(code);
    },
  }));
  const leaving: Command = {
    key: "sign out",
    title: t("session.sign_out"),
    icon: "account",
    run: () => void session.signOut(),
  };
  return [...places, ...makings, ...themes, ...languages, leaving];
}
