/**
 * The table of a list. Only the rows in view exist in the page; further ones are fetched as one scrolls towards them.
 *
 * Columns that do not fit are left out, the least important first, so nothing is ever cut off or scrolled sideways.
 */
import { Button, Checkbox, makeStyles, mergeClasses, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { ArrowSortDownRegular, ArrowSortUpRegular } from "@fluentui/react-icons";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Resource } from "@/api/wire";
import { ICONS } from "@/shell/icons";
import { ResourceLink } from "./addresses";
import { chosenColumns, fittingColumns } from "./columns";
import { FieldValue } from "./FieldValue";
import type { ListSearch } from "./odata";
import type { Selection } from "./selection";
import { titleOf, type Texts } from "./texts";
import type { ColumnManifest, FieldKind, ResourceManifest } from "./types";
import { valueAt } from "./values";

const ROW_PX = 44;
const OVERSCAN = 8;
const SKELETON_ROWS = 8;
const SELECTION_PX = 44;

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
  selectCell: { padding: "0 0 0 4px" },
  // The platform's own: hundreds of rows are drawn at once.
  checkbox: {
    width: "16px",
    height: "16px",
    margin: "0 8px",
    verticalAlign: "middle",
    accentColor: tokens.colorCompoundBrandBackground,
    cursor: "pointer",
  },
  selected: { backgroundColor: tokens.colorNeutralBackground1Selected },
  stale: { opacity: 0.6 },
  nothing: { padding: "48px 16px", textAlign: "center", color: tokens.colorNeutralForeground2 },
  nothingTitle: { fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold },
  nothingIcon: { fontSize: "40px", color: tokens.colorNeutralForeground3 },
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
  /** Whether the rows are those of the question before, while the answer is under way. */
  stale?: boolean;
  /** Whether a search or filters leave something out. */
  narrowed?: boolean;
  onWiden?: () => void;
  /** Which rows are selected; absent where nothing can be done with many. */
  selection?: Selection;
}

export function ListTable(props: ListTableProps) {
  const styles = useStyles();
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  const { manifest } = props;
  const chosen = props.search.cols;
  const availablePx = widthPx - (props.selection === undefined ? 0 : SELECTION_PX);
  const columns = useMemo(
    () => fittingColumns(chosenColumns(manifest, chosen), availablePx),
    [manifest, chosen, availablePx],
  );
  const cells = columns.length + (props.selection === undefined ? 0 : 1);
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
          {props.selection === undefined ? null : <col style={{ width: `${SELECTION_PX}px` }} />}
          {columns.map((column) => (
            <col key={column.field} style={{ width: `${column.share}%` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {props.selection === undefined ? null : <SelectAll {...props} selection={props.selection} />}
            {columns.map((column) => (
              <HeadCell key={column.field} column={column} {...props} />
            ))}
          </tr>
        </thead>
        <tbody>
          {props.loading ? <SkeletonRows columns={columns} cells={cells} /> : null}
          {before > 0 ? (
            <tr aria-hidden>
              <td className={styles.spacer} style={{ height: before }} colSpan={cells} />
            </tr>
          ) : null}
          {shown.map((item) => {
            const row = props.rows[item.index];
            return row === undefined ? null : (
              <Row
                key={row.id}
                row={row}
                index={item.index}
                columns={columns}
                manifest={props.manifest}
                texts={props.texts}
                values={props.values}
                stale={props.stale === true}
                isSelected={props.selection?.ids.has(row.id) ?? false}
                onToggle={props.selection?.toggle}
              />
            );
          })}
          {after > 0 ? (
            <tr aria-hidden>
              <td className={styles.spacer} style={{ height: after }} colSpan={cells} />
            </tr>
          ) : null}
          {!props.loading && props.rows.length === 0 ? (
            <tr>
              <td colSpan={cells}>
                <Nothing {...props} />
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

/** Selects the rows that have been read, or none. */
function SelectAll({ rows, selection }: ListTableProps & { selection: Selection }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const count = rows.filter((row) => selection.ids.has(row.id)).length;
  const all = rows.length > 0 && count === rows.length;
  return (
    <th scope="col" className={mergeClasses(styles.head, styles.selectCell)}>
      <Checkbox
        checked={all ? true : count > 0 ? "mixed" : false}
        onChange={() => selection.set(all ? new Set() : new Set(rows.map((row) => row.id)))}
        aria-label={t("list.select_all")}
      />
    </th>
  );
}

/** A list without rows: because there are none yet, or because nothing matches. */
function Nothing({ manifest, texts, narrowed, onWiden }: ListTableProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const Icon = ICONS[manifest.icon];
  const none = narrowed !== true;
  return (
    <div className={styles.nothing}>
      <Icon className={styles.nothingIcon} aria-hidden />
      <div className={styles.nothingTitle}>
        {none ? (texts.maybe("empty") ?? t("list.empty", { what: texts.title })) : t("list.nothing")}
      </div>
      {none ? (
        <div>{texts.maybe("empty_text") ?? ""}</div>
      ) : (
        <Button appearance="transparent" onClick={onWiden}>
          {t("list.show_all")}
        </Button>
      )}
    </div>
  );
}

interface RowProps {
  row: Resource;
  index: number;
  columns: readonly ColumnManifest[];
  manifest: ResourceManifest;
  texts: Texts;
  values: Readonly<Record<string, unknown>>;
  stale: boolean;
  isSelected: boolean;
  /** Absent where nothing can be selected. */
  onToggle: ((id: string) => void) | undefined;
}

/** Kinds of values that can stand in a link. */
const WRITTEN: ReadonlySet<FieldKind> = new Set<FieldKind>(["text", "word", "deed", "code"]);

function hasValue(row: Resource, field: string): boolean {
  const value = valueAt(row, field);
  return value !== undefined && value !== null && value !== "";
}

/** Drawn again only when something about it has changed: scrolling draws the rows that come into view. */
const Row = memo(function Row(props: RowProps) {
  const { row, index, columns, manifest, texts, values, stale, isSelected, onToggle } = props;
  const styles = useStyles();
  return (
    <tr
      className={mergeClasses(styles.row, isSelected && styles.selected, stale && styles.stale)}
      aria-rowindex={index + 2}
    >
      {onToggle === undefined ? null : (
        <td className={styles.selectCell}>
          <input
            type="checkbox"
            className={styles.checkbox}
            checked={isSelected}
            onChange={() => onToggle(row.id)}
            aria-label={texts.text("list.select", { name: titleOf(manifest, row, texts) })}
          />
        </td>
      )}
      {columns.map((column, place) => (
        <td key={column.field} className={styles.cell}>
          {place === 0 && manifest.paths.item !== undefined ? (
            <ResourceLink manifest={manifest} resource={{ ...values, ...row }}>
              {WRITTEN.has(column.kind) && hasValue(row, column.field) ? (
                <FieldValue field={column} resource={row} texts={texts} />
              ) : (
                titleOf(manifest, row, texts)
              )}
            </ResourceLink>
          ) : (
            <FieldValue field={column} resource={row} texts={texts} />
          )}
        </td>
      ))}
    </tr>
  );
});

function SkeletonRows({ columns, cells }: { columns: readonly ColumnManifest[]; cells: number }) {
  const styles = useStyles();
  return Array.from({ length: SKELETON_ROWS }, (_, index) => (
    <tr key={index} className={styles.row} aria-hidden>
      {cells > columns.length ? <td /> : null}
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
