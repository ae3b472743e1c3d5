/** The administrator's first page: how the site is, how full it is, and what needs a person. */
import {
  Badge,
  Card,
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  ProgressBar,
  Skeleton,
  SkeletonItem,
  Subtitle2,
  tokens,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { adminApi, type AdminSchemas } from "@/api/clients";
import { useManifest } from "@/manifest/portal";
import { formatValue } from "@/manifest/values";
import { StateMark } from "@/manifest/FieldValue";
import { amountText } from "@/pages/plans/amounts";
import { usePermissions } from "@/session/session";
import { useNavigation } from "@/shell/navigation";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { FirstSteps } from "./FirstSteps";
import { FluentButtonLink } from "./FluentButtonLink";
import { RecentOperations } from "./RecentOperations";

type Overview = AdminSchemas["OverviewView"];

/** How often figures that no event tells are read again. */
const REFRESH_MS = 15_000;

const useStyles = makeStyles({
  problems: { display: "flex", flexDirection: "column", gap: "8px", marginBottom: "20px" },
  grid: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(300px, 100%), 1fr))",
    gap: "16px",
    marginBottom: "20px",
  },
  card: { gap: "12px", padding: "16px 20px", minWidth: 0 },
  figures: { display: "flex", gap: "24px", flexWrap: "wrap" },
  figure: { display: "flex", flexDirection: "column" },
  number: {
    fontSize: tokens.fontSizeHero700,
    fontWeight: tokens.fontWeightSemibold,
    lineHeight: tokens.lineHeightHero700,
  },
  caption: { color: tokens.colorNeutralForeground3 },
  room: { display: "flex", flexDirection: "column", gap: "4px" },
  provider: { display: "flex", justifyContent: "space-between", gap: "12px", flexWrap: "wrap" },
  sentence: { color: tokens.colorNeutralForeground3, overflowWrap: "anywhere" },
});

export function useOverview() {
  return useQuery({
    queryKey: ["overview"],
    queryFn: async ({ signal }) => {
      const answer = await adminApi.GET("/overview", { signal });
      return answer.data as Overview;
    },
    refetchInterval: REFRESH_MS,
  });
}

export default function OverviewPage() {
  return usePermissions()("fabric.read") ? <SiteOverview /> : <WaysOn />;
}

/** For a role that sees neither hosts nor capacity: where it can go instead. */
function WaysOn() {
  const styles = useStyles();
  const { t } = useTranslation("overview");
  const sections = useNavigation();
  usePageTitle(t("title"));
  return (
    <>
      <h1>{t("title")}</h1>
      <p>{t("without")}</p>
      <div className={styles.grid}>
        {sections
          .filter((section) => section.title !== null)
          .map((section) => (
            <Tile key={section.id} title={section.title ?? ""}>
              {section.entries.map((entry) => (
                <FluentButtonLink key={entry.to} to={entry.to}>
                  {entry.title}
                </FluentButtonLink>
              ))}
            </Tile>
          ))}
      </div>
    </>
  );
}

function SiteOverview() {
  const { t } = useTranslation("overview");
  const overview = useOverview();
  usePageTitle(t("title"));
  return (
    <>
      <h1>{t("title")}</h1>
      <ProblemMessage error={overview.error} onRetry={() => void overview.refetch()} />
      {overview.data === undefined ? (
        <Skeleton aria-label={t("title")}>
          <SkeletonItem size={128} />
        </Skeleton>
      ) : (
        <Figures overview={overview.data} />
      )}
    </>
  );
}

function Figures({ overview }: { overview: Overview }) {
  const styles = useStyles();
  const { t } = useTranslation(["overview", "providers"]);
  const { hosts, operations } = overview;
  const answering = hosts.enabled + hosts.disabled - hosts.unreachable;
  return (
    <>
      <FirstSteps />
      <Problems problems={overview.problems} />
      <div className={styles.grid}>
        <Tile title={t("hosts")}>
          <div className={styles.figures}>
            <Figure number={hosts.enabled} caption={t("host_states.enabled")} />
            {hosts.disabled > 0 ? <Figure number={hosts.disabled} caption={t("host_states.disabled")} /> : null}
            {hosts.adding > 0 ? <Figure number={hosts.adding} caption={t("host_states.adding")} /> : null}
            {hosts.removing > 0 ? <Figure number={hosts.removing} caption={t("host_states.removing")} /> : null}
            {hosts.unreachable > 0 ? (
              <Figure number={hosts.unreachable} caption={t("host_states.unreachable")} />
            ) : null}
          </div>
          {answering < 0 ? null : <FluentButtonLink to="/hosts">{t("hosts")}</FluentButtonLink>}
        </Tile>
        <Tile title={t("machines")}>
          <Machines counts={overview.virtual_machines} />
          <FluentButtonLink to="/virtual-machines">{t("machines")}</FluentButtonLink>
        </Tile>
        <Tile title={t("operations")}>
          <div className={styles.figures}>
            <Figure number={operations.running} caption={t("running")} />
            <Figure number={operations.queued} caption={t("queued")} />
            <Figure number={operations.failed_24h} caption={t("failed_24h")} />
          </div>
          <FluentButtonLink to="/operations">{t("operations")}</FluentButtonLink>
        </Tile>
        <Tile title={t("capacity")}>
          <Room title={t("vcpus")} room={overview.capacity.vcpus} unit="vCPU" />
          <Room title={t("memory")} room={overview.capacity.memory_mib} unit="MiB" />
          <Room title={t("storage")} room={overview.capacity.storage_gib} unit="GiB" />
        </Tile>
        <Tile title={t("providers")}>
          {overview.providers.map((provider) => (
            <div key={provider.name}>
              <div className={styles.provider}>
                <span>{provider.title}</span>
                <StateMark
                  tone={provider.healthy ? "good" : "bad"}
                  word={t(provider.healthy ? "providers:healthy" : "providers:unhealthy")}
                />
              </div>
              <div className={styles.sentence}>{provider.sentence}</div>
            </div>
          ))}
        </Tile>
      </div>
      <RecentOperations />
    </>
  );
}

function Tile({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles();
  return (
    <Card className={styles.card} role="group" aria-label={title}>
      <Subtitle2 as="h2">{title}</Subtitle2>
      {children}
    </Card>
  );
}

function Figure({ number, caption }: { number: number; caption: string }) {
  const styles = useStyles();
  const { i18n } = useTranslation();
  return (
    <div className={styles.figure}>
      <span className={styles.number}>{new Intl.NumberFormat(i18n.language).format(number)}</span>
      <span className={styles.caption}>{caption}</span>
    </div>
  );
}

function Machines({ counts }: { counts: Readonly<Record<string, number>> }) {
  const styles = useStyles();
  const { t } = useTranslation(["virtual_machines", "overview"]);
  const states = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (states.length === 0) return <span className={styles.caption}>{t("overview:none")}</span>;
  return (
    <div className={styles.figures}>
      {states.map(([state, count]) => (
        <Figure
          key={state}
          number={count}
          caption={t([`states.${state}`, `frame:states.${state}`], { defaultValue: state })}
        />
      ))}
    </div>
  );
}

function Room({ title, room, unit }: { title: string; room: AdminSchemas["RoomView"]; unit: string }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("overview");
  const text = t("reserved_of", {
    reserved: amountText(room.reserved, unit, i18n.language),
    total: amountText(room.total, unit, i18n.language),
  });
  const share = room.total === 0 ? 0 : Math.min(1, room.reserved / room.total);
  return (
    <div className={styles.room}>
      <div className={styles.provider}>
        <span>{title}</span>
        <span className={styles.caption}>{text}</span>
      </div>
      <ProgressBar
        aria-label={`${title}: ${text}`}
        value={share}
        thickness="large"
        color={share >= 0.95 ? "error" : share >= 0.8 ? "warning" : "brand"}
      />
    </div>
  );
}

function Problems({ problems }: { problems: Overview["problems"] }) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("overview");
  return (
    <section className={styles.problems} aria-label={t("problems")}>
      <Subtitle2 as="h2">
        {t("problems")} {problems.length > 0 ? <Badge color="danger">{problems.length}</Badge> : null}
      </Subtitle2>
      {problems.length === 0 ? (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>{t("no_problems")}</MessageBarBody>
        </MessageBar>
      ) : null}
      {problems.map((problem, index) => (
        <MessageBar
          key={`${problem.code} ${problem.resource_id ?? index}`}
          intent={problem.severity === "warning" ? "warning" : problem.severity === "notice" ? "info" : "error"}
          layout="multiline"
        >
          <MessageBarBody>
            <MessageBarTitle>{problem.title}</MessageBarTitle> {problem.detail}{" "}
            {problem.since === null ? null : t("since", { time: formatValue("date", problem.since, i18n.language) })}
            <div>
              {problem.remedy} <ProblemLink problem={problem} />
            </div>
          </MessageBarBody>
        </MessageBar>
      ))}
    </section>
  );
}

function ProblemLink({ problem }: { problem: Overview["problems"][number] }) {
  const manifest = useManifest(problem.resource_type ?? "");
  if (manifest?.paths.item === undefined || problem.resource_id === null) return null;
  return (
    <FluentButtonLink to={`/${manifest.slug}/${problem.resource_id}`}>
      {problem.resource_name ?? problem.resource_id}
    </FluentButtonLink>
  );
}
