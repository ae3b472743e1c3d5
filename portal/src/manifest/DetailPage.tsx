/** One resource as a page: essentials on top, what can be done with it, and tabs. */
import {
  makeStyles,
  MessageBar,
  MessageBarBody,
  Skeleton,
  SkeletonItem,
  Tab,
  TabList,
  tokens,
} from "@fluentui/react-components";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { problemOf } from "@/api/problem";
import { fillPath } from "@/api/transport";
import type { Resource } from "@/api/wire";
import { usePermissions } from "@/session/session";
import { usePageTitle } from "@/shell/pageTitle";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { ActionBar } from "./ActionBar";
import { listAddress } from "./addresses";
import { CallsTab, HistoryTab, OperationsTab, RelatedTab } from "./detailTabs";
import { FieldValue } from "./FieldValue";
import { JsonView } from "./JsonView";
import { titleOf, useTexts, type Texts } from "./texts";
import type { FieldManifest, ResourceManifest, TabManifest } from "./types";
import { useResource } from "./useResources";
import { failedCondition } from "./values";

const COMMON_TABS = ["operations", "history", "calls", "json"];

const useStyles = makeStyles({
  title: {
    flexShrink: 0,
    margin: "0 0 8px",
    fontSize: tokens.fontSizeBase600,
    fontWeight: tokens.fontWeightSemibold,
    overflowWrap: "anywhere",
  },
  fields: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(300px, 100%), 1fr))",
    gap: "12px 24px",
    "@media (max-width: 640px)": { gap: "4px", padding: "12px" },
    margin: 0,
    padding: "16px",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  field: {
    minWidth: 0,
    "@media (max-width: 640px)": {
      display: "grid",
      gridTemplateColumns: "minmax(96px, 2fr) minmax(0, 3fr)",
      alignItems: "baseline",
      gap: "8px",
    },
  },
  name: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  value: { margin: 0, minHeight: "24px", minWidth: 0, overflowWrap: "anywhere" },
  tabs: { margin: "12px -10px 0", flexWrap: "wrap" },
  content: { paddingTop: "12px" },
});

export interface DetailPageProps {
  manifest: ResourceManifest;
  id: string;
  values: Readonly<Record<string, unknown>>;
}

export function DetailPage({ manifest, id, values }: DetailPageProps) {
  const styles = useStyles();
  const texts = useTexts(manifest);
  const query = useResource(manifest, id, values);
  const name = query.data === undefined ? "" : titleOf(manifest, query.data, texts);
  usePageTitle(name === "" ? texts.singular : name);
  if (query.error !== null && problemOf(query.error).status === 404) {
    return <Gone manifest={manifest} name={name} values={values} error={query.error} />;
  }
  return (
    <>
      <h1 className={styles.title}>{name === "" ? texts.singular : name}</h1>
      <ProblemMessage error={query.error} onRetry={() => void query.refetch()} />
      {query.data === undefined ? (
        <Skeleton>
          <SkeletonItem size={128} />
        </Skeleton>
      ) : (
        <>
          <ActionBar manifest={manifest} resource={{ ...values, ...query.data }} values={values} texts={texts} />
          <Fields fields={manifest.essentials ?? manifest.columns} resource={query.data} texts={texts} />
          <Tabs manifest={manifest} resource={query.data} values={values} texts={texts} />
        </>
      )}
    </>
  );
}

export function Fields(props: { fields: readonly FieldManifest[]; resource: Resource; texts: Texts }) {
  const styles = useStyles();
  return (
    <dl className={styles.fields}>
      {props.fields.map((field) => (
        <div key={field.field} className={styles.field}>
          <dt className={styles.name}>{props.texts.field(field.field)}</dt>
          <dd className={styles.value}>
            <FieldValue field={field} resource={props.resource} texts={props.texts} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** It was here, or never was: says so, and leads back. */
function Gone(props: {
  manifest: ResourceManifest;
  name: string;
  values: Readonly<Record<string, unknown>>;
  error: unknown;
}) {
  const { t } = useTranslation();
  const { manifest, name, values, error } = props;
  const texts = useTexts(manifest);
  const subscription = values["subscription_id"];
  const address = listAddress(manifest, typeof subscription === "string" ? subscription : null);
  return (
    <>
      {name === "" ? (
        <ProblemMessage error={error} />
      ) : (
        <MessageBar intent="info" role="status">
          <MessageBarBody>{t("detail.gone", { what: texts.singular, name })}</MessageBarBody>
        </MessageBar>
      )}
      <p>
        <Link to={address}>{texts.title}</Link>
      </p>
    </>
  );
}

interface TabsProps {
  manifest: ResourceManifest;
  resource: Resource;
  values: Readonly<Record<string, unknown>>;
  texts: Texts;
}

function Tabs({ manifest, resource, values, texts }: TabsProps) {
  const styles = useStyles();
  const navigate = useNavigate();
  const may = usePermissions();
  const search: { tab?: string } = useSearch({ strict: false });
  const own = (manifest.tabs ?? []).filter(
    (tab) => may(tab.permission) && failedCondition(resource, tab.when) === null,
  );
  const ids = [...own.map((tab) => tab.id), ...COMMON_TABS];
  const chosen = ids.includes(search.tab ?? "") ? (search.tab ?? "") : (ids[0] ?? "operations");
  const tab = own.find((one) => one.id === chosen);
  const choose = (id: string) => void navigate({ to: ".", search: { tab: id }, replace: true });
  return (
    <>
      <TabList className={styles.tabs} selectedValue={chosen} onTabSelect={(_, data) => choose(String(data.value))}>
        {ids.map((id) => (
          <Tab key={id} value={id} id={`tab-${id}`}>
            {texts.text(`tabs.${id}`)}
          </Tab>
        ))}
      </TabList>
      <div className={styles.content} role="tabpanel" aria-labelledby={`tab-${chosen}`}>
        {tab === undefined ? (
          <CommonTab id={chosen} manifest={manifest} resource={resource} values={values} texts={texts} />
        ) : (
          <TabContent tab={tab} manifest={manifest} resource={resource} values={values} texts={texts} />
        )}
      </div>
    </>
  );
}

function CommonTab({ id, manifest, resource, values, texts }: TabsProps & { id: string }) {
  const whole = { ...values, ...resource };
  switch (id) {
    case "operations":
      return <OperationsTab resource={resource} />;
    case "history":
      return <HistoryTab resource={resource} />;
    case "calls":
      return (
        <CallsTab
          manifest={manifest}
          resource={whole}
          texts={texts}
          path={fillPath(manifest.paths.item ?? manifest.paths.list, whole)}
        />
      );
    default:
      return <JsonView resource={resource} />;
  }
}

type TabContentProps = TabsProps & { tab: TabManifest };

function TabContent({ tab, manifest, resource, values, texts }: TabContentProps) {
  const loader = tab.kind === "component" ? tab.component : null;
  const Component = useMemo(() => (loader === null ? null : lazy(loader)), [loader]);
  if (tab.kind === "fields") {
    return tab.groups.map((group) => (
      <section key={group.id} aria-label={texts.text(`groups.${group.id}`)}>
        <h2>{texts.text(`groups.${group.id}`)}</h2>
        <Fields fields={group.fields} resource={resource} texts={texts} />
      </section>
    ));
  }
  if (tab.kind === "related") return <RelatedTab related={tab} resource={{ ...values, ...resource }} />;
  if (Component === null) return null;
  return (
    <Suspense fallback={null}>
      <Component resource={{ ...values, ...resource }} manifest={manifest} />
    </Suspense>
  );
}
