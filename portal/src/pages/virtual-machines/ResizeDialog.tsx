/** Another size for a machine. */
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { DialogProps } from "@/manifest/types";
import { ChangeDialog } from "./ChangeDialog";
import { machineOf, machinePath } from "./machine";
import { SizeChoice } from "./SizeInput";
import { useChange } from "./useChange";

export default function ResizeDialog({ resource, onClose }: DialogProps) {
  const { t } = useTranslation("virtual_machines");
  const machine = machineOf(resource);
  const change = useChange(() => onClose());
  const [size, setSize] = useState(machine.size);
  return (
    <ChangeDialog
      title={`${t("actions.resize.title")}: ${machine.name}`}
      text={t("resize.text")}
      submit={t("actions.resize.title")}
      ready={size !== machine.size}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate({ method: "POST", path: `${machinePath(machine)}/resize`, body: { size } })}
      onClose={() => onClose()}
    >
      <SizeChoice
        label={t("inputs.size.title")}
        value={size}
        onChange={setSize}
        minimumMemoryMib={null}
        held={{ vcpus: machine.vcpus, memory_mib: machine.memory_mib }}
      />
    </ChangeDialog>
  );
}
