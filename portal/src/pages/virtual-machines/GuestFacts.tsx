/** What a running machine's guest says of itself, if an agent in it answers. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";

import type { components } from "@/api/generated/tenant";
import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { formatBytes } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { machinePath, type Machine } from "./machine";

type Facts = components["schemas"]["GuestFactsView"];

const useStyles = makeStyles({
  section: { marginBottom: "16px" },
  title: { margin: "0 0 8px", fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold },
  facts: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 260px), 1fr))",
    gap: "8px 24px",
    margin: 0,
  },
  label: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  value: { margin: 0, overflowWrap: "anywhere" },
  absent: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** How old an answer may be. Nothing tells the portal that a guest has something new to say. */
const INTERVAL_MS = 60_000;

export function GuestFacts({ machine }: { machine: Machine }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("virtual_machines");
  const titleId = useId();
  const running = machine.observed === "running";
  const said = useQuery({
    queryKey: keys.facet("virtual_machine", machine.id, "guest-facts"),
    queryFn: async ({ signal }) => (await call<Facts>("GET", `${machinePath(machine)}/guest-facts`, { signal })).body,
    enabled: running,
    refetchInterval: INTERVAL_MS,
  });
  if (!running) return null;
  const facts = said.data;
  const say: Translate = (key, values) => t(key, values ?? {});
  return (
    <section className={styles.section} aria-labelledby={titleId}>
      <h2 id={titleId} className={styles.title}>
        {t("guest.title")}
      </h2>
      <ProblemMessage error={said.error} onRetry={() => void said.refetch()} />
      {facts?.available === false ? <p className={styles.absent}>{t("guest.absent")}</p> : null}
      {facts?.available === true ? (
        <dl className={styles.facts}>
          {factsOf(facts, say, i18n.language).map(([label, value], place) => (
            <div key={`${place} ${label}`}>
              <dt className={styles.label}>{label}</dt>
              <dd className={styles.value}>{value}</dd>
            </div>
          ))}
        </dl>
      ) : null}
    </section>
  );
}

type Translate = (key: string, values?: Record<string, string>) => string;

/** Labels and values of what the guest told; what it did not tell is left out. */
export function factsOf(facts: Facts, t: Translate, language: string): [string, string][] {
  const found: [string, string | null | undefined][] = [
    [t("guest.operating_system"), facts.operating_system?.title],
    [t("guest.kernel"), facts.kernel],
    [t("guest.hostname"), facts.hostname],
    ...facts.interfaces.map((card): [string, string] => [
      `${t("guest.addresses")} (${card.name})`,
      card.addresses.join(", "),
    ]),
    ...facts.filesystems.map((each): [string, string | null] => [
      t("guest.filesystem", { mountpoint: each.mountpoint }),
      each.total_bytes === null || each.used_bytes === null
        ? each.type
        : t("guest.used", {
            used: formatBytes(each.used_bytes, language),
            total: formatBytes(each.total_bytes, language),
          }),
    ]),
    [t("guest.observed_at"), new Date(facts.observed_at).toLocaleTimeString(language)],
  ];
  return found.filter((fact): fact is [string, string] => Boolean(fact[1]));
}
