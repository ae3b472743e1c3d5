/**
 * The table of a list. Only the rows in view exist in the page; further ones are fetched as one scrolls towards them.
 *
 * Columns that do not fit are left out, the least important first, so nothing is ever cut off or scrolled sideways.
 */
import { makeStyles, mergeClasses, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { ArrowSortDownRegular, ArrowSortUpRegular } from "@fluentui/react-icons";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Resource } from "@/api/wire";
import { ResourceLink } from "./addresses";
import { chosenColumns, fittingColumns } from "./columns";
import { FieldValue } from "./FieldValue";
import type { ListSearch } from "./odata";
import type { Texts } from "./texts";
import type { ColumnManifest, ResourceManifest } from "./types";
import { nameOf } from "./values";

const ROW_PX = 44;
const OVERSCAN = 8;
const SKELETON_ROWS = 8;

const useStyles = makeStyles({
  frame: {
    flexGrow: 1,
    minHeight: "180px",
    overflowY: "auto",
    overflowX: "hidden",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  table: { width: "100%", borderCollapse: "collapse", tableLayout: "fixed" },
  head: {
    position: "sticky",
    top: 0,
    zIndex: 1,
    height: "40px",
    padding: "0 12px",
    textAlign: "left",
    fontWeight: tokens.fontWeightSemibold,
    backgroundColor: tokens.colorNeutralBackground2,
    boxShadow: `inset 0 -1px ${tokens.colorNeutralStroke2}`,
  },
  sort: {
    display: "inline-flex",
    alignItems: "center",
    gap: "4px",
    maxWidth: "100%",
    padding: "4px",
    margin: "0 -4px",
    border: "none",
    background: "none",
    color: "inherit",
    font: "inherit",
    cursor: "pointer",
    borderRadius: tokens.borderRadiusSmall,
    ":hover": { backgroundColor: tokens.colorNeutralBackground2Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  ellipsis: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  row: {
    height: `${ROW_PX}px`,
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  cell: { padding: "0 12px", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  spacer: { padding: 0, border: "none" },
});

export interface ListTableProps {
  manifest: ResourceManifest;
  texts: Texts;
  values: Readonly<Record<string, unknown>>;
  rows: readonly Resource[];
  loading: boolean;
  total: number | null;
  search: ListSearch;
  onSearch: (search: ListSearch) => void;
  /** The end of what has been fetched comes into view. */
  onEnd: () => void;
}

export function ListTable(props: ListTableProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const columns = fittingColumns(chosenColumns(props.manifest, props.search.cols), widthPx);
  const rows = useVirtualizer({
    count: props.rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  });
  const shown = rows.getVirtualItems();
  const before = shown[0]?.start ?? 0;
  const after = rows.getTotalSize() - (shown.at(-1)?.end ?? 0);
  const { onEnd } = props;
  const nearEnd = (shown.at(-1)?.index ?? -1) >= props.rows.length - OVERSCAN;
  useEffect(() => {
    if (nearEnd && props.rows.length > 0) onEnd();
  }, [nearEnd, props.rows.length, onEnd]);
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.frame} ref={frame} tabIndex={0} role="region" aria-label={props.texts.title}>
      <table className={styles.table} aria-rowcount={(props.total ?? props.rows.length) + 1} aria-busy={props.loading}>
        <colgroup>
          {columns.map((column) => (
            <col key={column.field} style={{ width: `${column.share}%` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeadCell key={column.field} column={column} {...props} />
            ))}
          </tr>
        </thead>
        <tbody>
          {props.loading ? <SkeletonRows columns={columns} /> : null}
          {before > 0 ? (
            <tr aria-hidden>
              <td className={styles.spacer} style={{ height: before }} colSpan={columns.length} />
            </tr>
          ) : null}
          {shown.map((item) => {
            const row = props.rows[item.index];
            return row === undefined ? null : (
              <Row key={row.id} {...props} row={row} index={item.index} columns={columns} />
            );
          })}
          {after > 0 ? (
            <tr aria-hidden>
              <td className={styles.spacer} style={{ height: after }} colSpan={columns.length} />
            </tr>
          ) : null}
          {!props.loading && props.rows.length === 0 ? (
            <tr>
              <td className={styles.cell} colSpan={columns.length}>
                {t("list.nothing")}
              </td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </div>
  );
}

function HeadCell({ column, texts, search, onSearch, manifest }: ListTableProps & { column: ColumnManifest }) {
  const styles = useStyles();
  const title = texts.field(column.field);
  const sort = search.sort ?? manifest.defaultSort;
  const direction = sort === column.field ? "ascending" : sort === `-${column.field}` ? "descending" : "none";
  if (column.sortable !== true) {
    return (
      <th scope="col" className={mergeClasses(styles.head, styles.ellipsis)}>
        {title}
      </th>
    );
  }
  const next = direction === "ascending" ? `-${column.field}` : column.field;
  return (
    <th scope="col" className={styles.head} aria-sort={direction}>
      <button type="button" className={styles.sort} onClick={() => onSearch({ ...search, sort: next })}>
        <span className={styles.ellipsis}>{title}</span>
        {direction === "ascending" ? <ArrowSortUpRegular aria-hidden /> : null}
        {direction === "descending" ? <ArrowSortDownRegular aria-hidden /> : null}
      </button>
    </th>
  );
}

interface RowProps extends ListTableProps {
  row: Resource;
  index: number;
  columns: readonly ColumnManifest[];
}

function Row({ row, index, columns, manifest, texts, values }: RowProps) {
  const styles = useStyles();
  return (
    <tr className={styles.row} aria-rowindex={index + 2}>
      {columns.map((column, place) => (
        <td key={column.field} className={styles.cell}>
          {place === 0 && manifest.paths.item !== undefined ? (
            <ResourceLink manifest={manifest} resource={{ ...values, ...row }}>
              {nameOf(row)}
            </ResourceLink>
          ) : (
            <FieldValue field={column} resource={row} texts={texts} />
          )}
        </td>
      ))}
    </tr>
  );
}

function SkeletonRows({ columns }: { columns: readonly ColumnManifest[] }) {
  const styles = useStyles();
  return Array.from({ length: SKELETON_ROWS }, (_, index) => (
    <tr key={index} className={styles.row} aria-hidden>
      {columns.map((column) => (
        <td key={column.field} className={styles.cell}>
          <Skeleton>
            <SkeletonItem size={16} />
          </Skeleton>
        </td>
      ))}
    </tr>
  ));
}

function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [widthPx, setWidthPx] = useState(0);
  useLayoutEffect(() => {
    const watched = element.current;
    if (watched === null) return undefined;
    const observer = new ResizeObserver(() => setWidthPx(watched.clientWidth));
    observer.observe(watched);
    setWidthPx(watched.clientWidth);
    return () => observer.disconnect();
  }, [element]);
  return widthPx;
}
