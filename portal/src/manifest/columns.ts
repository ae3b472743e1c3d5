/** Which columns a list shows, and how wide. */
import type { ColumnManifest, FieldKind, ResourceManifest } from "./types";

const USUAL_PX = 140;
/** An instant is written in full: one that is cut says nothing of its time. */
const LEAST_PX: Partial<Record<FieldKind, number>> = { date: 190 };

export type FittedColumn = ColumnManifest & { /** Percent of the table's width. */ share: number };

/** The columns that were chosen, in their order; the manifest's visible ones when none were. */
export function chosenColumns(manifest: ResourceManifest, chosen: readonly string[] | undefined): ColumnManifest[] {
  const usual = manifest.columns.filter((column) => column.visible !== false);
  if (chosen === undefined) return usual;
  const found = chosen.flatMap((field) => manifest.columns.filter((column) => column.field === field));
  return found.length > 0 ? found : usual;
}

/** Leave out columns, the least important and rightmost first, until the rest fit; the first always stays. */
export function fittingColumns(columns: readonly ColumnManifest[], availablePx: number): FittedColumn[] {
  const kept = [...columns];
  while (kept.length > 1 && totalPx(kept) > availablePx) kept.splice(leastImportant(kept), 1);
  const total = totalPx(kept);
  return kept.map((column) => ({ ...column, share: (100 * widthPx(column)) / total }));
}

function widthPx(column: ColumnManifest): number {
  return Math.max(column.width ?? USUAL_PX, LEAST_PX[column.kind] ?? 0);
}

function totalPx(columns: readonly ColumnManifest[]): number {
  return columns.reduce((sum, column) => sum + widthPx(column), 0);
}

function leastImportant(columns: readonly ColumnManifest[]): number {
  const rest = columns.slice(1);
  const lowest = Math.max(...rest.map((column) => column.priority ?? 2));
  return 1 + rest.findLastIndex((column) => (column.priority ?? 2) === lowest);
}
