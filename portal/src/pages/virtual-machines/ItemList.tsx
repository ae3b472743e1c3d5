/** Things that belong to a resource, each with what is known of it and what can be done; fits any width. */
import { makeStyles, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { ProblemMessage } from "@/shell/ProblemMessage";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", gap: "8px", marginBottom: "12px" },
  list: { display: "flex", flexDirection: "column", gap: "8px", margin: 0, padding: 0, listStyleType: "none" },
  item: {
    display: "grid",
    gridTemplateColumns: "minmax(0, 1fr) auto",
    gap: "8px 16px",
    alignItems: "start",
    padding: "12px",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    "@media (max-width: 640px)": { gridTemplateColumns: "minmax(0, 1fr)" },
  },
  head: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: "4px 12px", minWidth: 0 },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase300,
    fontWeight: tokens.fontWeightSemibold,
    overflowWrap: "anywhere",
  },
  facts: { display: "flex", flexWrap: "wrap", gap: "4px 20px", margin: "4px 0 0" },
  fact: { display: "flex", gap: "6px", minWidth: 0, fontSize: tokens.fontSizeBase200 },
  key: { color: tokens.colorNeutralForeground2, flexShrink: 0 },
  value: { margin: 0, minWidth: 0, overflowWrap: "anywhere" },
  actions: {
    display: "flex",
    flexWrap: "wrap",
    gap: "6px",
    justifyContent: "end",
    "@media (max-width: 640px)": { justifyContent: "start" },
  },
  empty: { margin: 0, padding: "24px 0", color: tokens.colorNeutralForeground2 },
});

export function ItemBar({ children }: { children: ReactNode }) {
  const styles = useStyles();
  return <div className={styles.bar}>{children}</div>;
}

export interface ItemListProps {
  label: string;
  loading: boolean;
  error: unknown;
  onRetry: () => void;
  /** Said where there is nothing. */
  empty: string;
  children: ReactNode[];
}

export function ItemList({ label, loading, error, onRetry, empty, children }: ItemListProps) {
  const styles = useStyles();
  if (error !== null && error !== undefined) return <ProblemMessage error={error} onRetry={onRetry} />;
  if (loading) {
    return (
      <Skeleton aria-label={label}>
        <SkeletonItem size={64} />
      </Skeleton>
    );
  }
  if (children.length === 0) return <p className={styles.empty}>{empty}</p>;
  return (
    <ul className={styles.list} aria-label={label}>
      {children}
    </ul>
  );
}

export interface ItemProps {
  title: ReactNode;
  /** Beside the title, such as its state. */
  mark?: ReactNode;
  facts: readonly (readonly [string, ReactNode])[];
  actions?: ReactNode;
}

export function Item({ title, mark, facts, actions }: ItemProps) {
  const styles = useStyles();
  return (
    <li className={styles.item}>
      <div>
        <div className={styles.head}>
          <h2 className={styles.title}>{title}</h2>
          {mark}
        </div>
        <dl className={styles.facts}>
          {facts.map(([key, value]) => (
            <div key={key} className={styles.fact}>
              <dt className={styles.key}>{key}</dt>
              <dd className={styles.value}>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
    </li>
  );
}
