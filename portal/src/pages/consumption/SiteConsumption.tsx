/** What everybody used. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

import { usePageTitle } from "@/shell/pageTitle";
import { Consumption } from "./Consumption";

const useStyles = makeStyles({ text: { color: tokens.colorNeutralForeground2, maxWidth: "70ch" } });

export default function SiteConsumption() {
  const styles = useStyles();
  const { t } = useTranslation("consumption");
  usePageTitle(t("title"));
  return (
    <>
      <h1>{t("title")}</h1>
      <p className={styles.text}>{t("text")}</p>
      <Consumption path="/usage-summary" groups={["subscription", "meter", "resource"]} />
    </>
  );
}
