/** What a machine is doing: its measurements, and what its guest says of itself. */
import type { TabProps } from "@/manifest/types";
import { useTranslation } from "react-i18next";

import { MetricsCharts } from "@/pages/metrics/MetricsCharts";
import { GuestFacts } from "./GuestFacts";
import { machineOf, machinePath } from "./machine";

export default function OverviewTab({ resource }: TabProps) {
  const { t } = useTranslation("virtual_machines");
  const machine = machineOf(resource);
  return (
    <>
      <GuestFacts machine={machine} />
      <MetricsCharts
        type="virtual_machine"
        id={machine.id}
        path={`${machinePath(machine)}/metrics`}
        empty={t(machine.observed === "running" ? "metrics.not_yet" : "metrics.off")}
      />
    </>
  );
}
