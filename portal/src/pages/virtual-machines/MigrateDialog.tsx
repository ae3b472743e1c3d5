/** Another host for a machine that runs: all of its stamp, and why some of them cannot take it. */
import { makeStyles, Radio, RadioGroup, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { components } from "@/api/generated/admin";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import type { DialogProps } from "@/manifest/types";
import { formatBytes } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { ChangeDialog } from "./ChangeDialog";
import { machineOf } from "./machine";
import { useChange } from "./useChange";

type Candidate = components["schemas"]["CandidateHostView"];

const useStyles = makeStyles({
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere" },
  small: { display: "block", color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

const MIB = 1024 ** 2;
const ANY = "any";

export default function MigrateDialog({ resource, onClose }: DialogProps) {
  const { t } = useTranslation("virtual_machines");
  const machine = machineOf(resource);
  const change = useChange(() => onClose());
  const [host, setHost] = useState(ANY);
  const path = `/virtual-machines/${machine.id}`;
  const hosts = useQuery({
    queryKey: [...keys.type("host"), "candidates", machine.id],
    queryFn: async ({ signal }) => (await call<{ value: Candidate[] }>("GET", `${path}/hosts`, { signal })).body.value,
  });
  return (
    <ChangeDialog
      title={`${t("actions.migrate.title")}: ${machine.name}`}
      text={t("migrate.text")}
      submit={t("actions.migrate.title")}
      ready={hosts.data?.some((each) => each.fit) ?? false}
      pending={change.isPending}
      error={change.error}
      onSubmit={() =>
        change.mutate({ method: "POST", path: `${path}/migrate`, body: host === ANY ? {} : { host_id: host } })
      }
      onClose={() => onClose()}
    >
      {hosts.error === null ? null : <ProblemMessage error={hosts.error} onRetry={() => void hosts.refetch()} />}
      {hosts.data === undefined && hosts.error === null ? (
        <Skeleton aria-label={t("migrate.host")}>
          <SkeletonItem size={64} />
        </Skeleton>
      ) : null}
      {hosts.data === undefined ? null : (
        <RadioGroup aria-label={t("migrate.host")} value={host} onChange={(_, data) => setHost(data.value)}>
          <Radio value={ANY} label={t("migrate.any")} />
          {hosts.data.map((each) => (
            <HostChoice key={each.id} host={each} />
          ))}
        </RadioGroup>
      )}
    </ChangeDialog>
  );
}

function HostChoice({ host }: { host: Candidate }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("virtual_machines");
  const room = { count: host.vcpus_free, memory: formatBytes(host.memory_free_mib * MIB, i18n.language) };
  return (
    <Radio
      value={host.id}
      disabled={!host.fit}
      label={
        <>
          <span className={styles.name}>{host.name}</span>
          <span className={styles.small}>{host.fit ? t("migrate.room", room) : host.unfit_because}</span>
        </>
      }
    />
  );
}
