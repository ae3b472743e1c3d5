/** The serial console, and what was written to it before, as a tab of a virtual machine. */
import { makeStyles, Tab, TabList } from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { TabProps } from "@/manifest/types";
import { consoleOf } from "./machine";
import { SerialConsole } from "./SerialConsole";
import { SerialLog } from "./SerialLog";

const useStyles = makeStyles({ tabs: { margin: "0 -8px 8px" } });

export default function SerialTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t } = useTranslation("console");
  const machine = consoleOf(resource);
  const [shown, setShown] = useState<"console" | "log">(machine.on ? "console" : "log");
  return (
    <>
      <TabList
        className={styles.tabs}
        size="small"
        aria-label={t("serial.views")}
        selectedValue={shown}
        onTabSelect={(_, data) => setShown(data.value === "log" ? "log" : "console")}
      >
        <Tab value="console">{t("serial.console")}</Tab>
        <Tab value="log">{t("serial.log")}</Tab>
      </TabList>
      {shown === "console" ? <SerialConsole {...machine} /> : <SerialLog {...machine} />}
    </>
  );
}
