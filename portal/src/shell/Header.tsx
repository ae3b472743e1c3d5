/** The bar on top: where one is, and what belongs to the person rather than to a page. */
import {
  Button,
  makeStyles,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  tokens,
  Tooltip,
} from "@fluentui/react-components";
import { NavigationRegular, PersonRegular, SettingsRegular } from "@fluentui/react-icons";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { chooseLanguage, isLanguage, LANGUAGES } from "@/i18n/i18n";
import { usePortal } from "@/manifest/portal";
import { session, useMe } from "@/session/session";
import { SearchButton } from "./CommandDialog";
import { HelpButton } from "./HelpButton";
import { NotificationsButton } from "./NotificationsButton";
import { SubscriptionSwitcher } from "./SubscriptionSwitcher";
import { chooseTheme, THEME_CHOICES, useThemeChoice, type ThemeChoice } from "./theme";

const ON_BRAND = "#ffffff";

const useStyles = makeStyles({
  header: {
    gridRow: 1,
    gridColumn: "1 / -1",
    display: "flex",
    alignItems: "center",
    gap: "4px",
    padding: "0 8px",
    backgroundColor: "#0a1a6b",
    color: ON_BRAND,
  },
  menu: { "@media (min-width: 961px)": { display: "none" } },
  brand: {
    display: "flex",
    alignItems: "center",
    gap: "10px",
    padding: "4px 8px",
    color: ON_BRAND,
    textDecorationLine: "none",
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase400,
    borderRadius: tokens.borderRadiusMedium,
    ":focus-visible": { outline: `2px solid ${ON_BRAND}` },
  },
  brandText: { "@media (max-width: 640px)": { display: "none" } },
  space: { flexGrow: 1 },
  button: {
    color: ON_BRAND,
    minWidth: "32px",
    ":hover": { color: ON_BRAND, backgroundColor: "rgba(255,255,255,.14)" },
    ":hover:active": { color: ON_BRAND, backgroundColor: "rgba(255,255,255,.22)" },
    ":focus-visible": { outline: `2px solid ${ON_BRAND}` },
  },
});

export function Header({ onMenu }: { onMenu: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const { face } = usePortal();
  return (
    <header className={styles.header}>
      <Button
        className={`${styles.button} ${styles.menu}`}
        appearance="transparent"
        icon={<NavigationRegular />}
        aria-label={t("shell.menu")}
        onClick={onMenu}
      />
      <Link to="/" className={styles.brand} aria-label={t(`shell.brand_${face}`)}>
        <img src="/zaffre.svg" alt="" width={24} height={24} />
        <span className={styles.brandText}>{t(`shell.brand_${face}`)}</span>
      </Link>
      <span className={styles.space} />
      <SearchButton buttonClass={styles.button} />
      <span className={styles.space} />
      {face === "tenant" ? <SubscriptionSwitcher className={styles.button} /> : null}
      <NotificationsButton className={styles.button} />
      <HelpButton className={styles.button} />
      <SettingsMenu className={styles.button} />
      <AccountMenu className={styles.button} />
    </header>
  );
}

function SettingsMenu({ className }: { className: string }) {
  const { t, i18n } = useTranslation();
  const theme = useThemeChoice();
  const choose = (name: string, value: string | undefined) => {
    if (name === "theme") chooseTheme(value as ThemeChoice);
    else if (value !== undefined && isLanguage(value)) void chooseLanguage(value);
  };
  return (
    <Menu
      checkedValues={{ theme: [theme], language: [i18n.language] }}
      onCheckedValueChange={(_, data) => choose(data.name, data.checkedItems[0])}
    >
      <MenuTrigger disableButtonEnhancement>
        <Tooltip content={t("shell.settings")} relationship="label">
          <Button className={className} appearance="transparent" icon={<SettingsRegular />} />
        </Tooltip>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{t("shell.theme")}</MenuGroupHeader>
            {THEME_CHOICES.map((choice) => (
              <MenuItemRadio key={choice} name="theme" value={choice}>
                {t(`shell.themes.${choice}`)}
              </MenuItemRadio>
            ))}
          </MenuGroup>
          <MenuDivider />
          <MenuGroup>
            <MenuGroupHeader>{t("shell.language")}</MenuGroupHeader>
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <MenuItemRadio key={code} name="language" value={code}>
                <span lang={code}>{name}</span>
              </MenuItemRadio>
            ))}
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

function AccountMenu({ className }: { className: string }) {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Tooltip content={me.data?.email ?? t("shell.account")} relationship="label">
          <Button className={className} appearance="transparent" icon={<PersonRegular />} />
        </Tooltip>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{me.data?.name ?? ""}</MenuGroupHeader>
            <MenuItem onClick={() => void session.signOut()}>{t("session.sign_out")}</MenuItem>
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
