/** The first page, until a portal has one that says more: greets, and names the ways in. */
import { useTranslation } from "react-i18next";

import { useMe } from "@/session/session";
import { usePageTitle } from "@/shell/pageTitle";

export default function Welcome() {
  const { t } = useTranslation();
  const me = useMe();
  usePageTitle(t("pages.home"));
  return <h1>{t("home.greeting", { name: me.data?.name ?? "" })}</h1>;
}
