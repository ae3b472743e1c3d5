/** What a program says of itself, and how far its usage has been read. */
import { Card, makeStyles, MessageBar, MessageBarBody, Subtitle2, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { AdminSchemas } from "@/api/clients";
import type { TabProps } from "@/manifest/types";
import { amountText } from "@/pages/plans/amounts";
import { labelIn } from "@/pages/services/labels";

const MINUTE_S = 60;
const HOUR_S = 3600;

const useStyles = makeStyles({
  grid: { display: "grid", gridTemplateColumns: "repeat(auto-fill, minmax(min(320px, 100%), 1fr))", gap: "16px" },
  card: { gap: "8px", padding: "16px 20px", minWidth: 0 },
  list: { margin: 0, paddingLeft: "18px" },
  quiet: { color: tokens.colorNeutralForeground3, overflowWrap: "anywhere" },
});

export default function DescribedTab({ resource }: TabProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("resource_providers");
  const program = resource as unknown as AdminSchemas["ResourceProviderView"];
  const { described } = program;
  const language = i18n.language;
  return (
    <div className={styles.grid}>
      <Part title={t("described.usage")}>
        <span>
          {program.usage_read_at === null
            ? t("described.never")
            : t("described.lag", { ago: ago(program.usage_read_at, language) })}
        </span>
        {program.usage_refused === 0 ? null : <span>{t("described.refused", { count: program.usage_refused })}</span>}
        {program.usage_error === null ? null : (
          <MessageBar intent="warning" layout="multiline">
            <MessageBarBody>{program.usage_error}</MessageBarBody>
          </MessageBar>
        )}
      </Part>
      <Part title={t("described.dimensions")}>
        <Items
          of={described.dimensions.map((one) => ({
            name: one.name,
            title: labelIn(one.title, language),
            more: t("described.default", {
              amount: amountText(one.default, one.unit, language),
              most: amountText(one.maximum, one.unit, language),
            }),
          }))}
        />
        <span className={styles.quiet}>{t("described.batch", { count: described.quota_batch })}</span>
      </Part>
      <Part title={t("described.meters")}>
        <Items
          of={described.meters.map((one) => ({ name: one.name, title: labelIn(one.title, language), more: one.unit }))}
        />
      </Part>
      <Part title={t("described.collections")}>
        <Items
          of={described.collections.map((one) => ({
            name: one.name,
            title: labelIn(one.title, language),
            more: one.columns.map((column) => labelIn(column.title, language)).join(", "),
          }))}
        />
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles();
  return (
    <Card className={styles.card} role="group" aria-label={title}>
      <Subtitle2 as="h2">{title}</Subtitle2>
      {children}
    </Card>
  );
}

function Items({ of }: { of: readonly { name: string; title: string; more: string }[] }) {
  const styles = useStyles();
  const { t } = useTranslation("resource_providers");
  if (of.length === 0) return <span>{t("described.nothing")}</span>;
  return (
    <ul className={styles.list}>
      {of.map((one) => (
        <li key={one.name}>
          {one.title}{" "}
          <span className={styles.quiet}>
            {one.name} · {one.more}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** How long ago something was, in a language's own words. */
function ago(instant: string, language: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(instant)) / 1000));
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (seconds < 2 * MINUTE_S) return words.format(-seconds, "second");
  if (seconds < 2 * HOUR_S) return words.format(-Math.round(seconds / MINUTE_S), "minute");
  return words.format(-Math.round(seconds / HOUR_S), "hour");
}
