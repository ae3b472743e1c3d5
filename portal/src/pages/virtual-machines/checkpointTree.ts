/** Checkpoints as the tree that they are. */

export interface Checkpoint {
  id: string;
  name: string;
  description: string;
  created_at: string;
  parent_id: string | null;
  current: boolean;
  with_memory: boolean;
  state: string;
  size_bytes: number | null;
}

/** A checkpoint with its place in the drawing. */
export interface Branch {
  checkpoint: Checkpoint;
  /** From 0. */
  depth: number;
  /** For each level above: whether its line goes on below this row. */
  lines: boolean[];
  /** Whether it is the last of its siblings. */
  last: boolean;
}

/** Return the rows of the drawing, oldest first, each checkpoint below what it descends from. */
export function branches(checkpoints: readonly Checkpoint[]): Branch[] {
  const known = new Set(checkpoints.map((one) => one.id));
  const below = new Map<string | null, Checkpoint[]>();
  for (const one of [...checkpoints].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
    const parent = one.parent_id !== null && known.has(one.parent_id) ? one.parent_id : null;
    below.set(parent, [...(below.get(parent) ?? []), one]);
  }
  const rows: Branch[] = [];
  const drawn = new Set<string>();
  const draw = (parent: string | null, lines: boolean[]) => {
    const children = (below.get(parent) ?? []).filter((one) => !drawn.has(one.id));
    children.forEach((checkpoint, place) => {
      const last = place === children.length - 1;
      drawn.add(checkpoint.id);
      rows.push({ checkpoint, depth: lines.length, lines, last });
      draw(checkpoint.id, [...lines, !last]);
    });
  };
  draw(null, []);
  return rows;
}
