/** Measurements as the API gives them, and how they are put into charts. */

/** A Unix time and the average over the step that begins with it. */
export type Point = readonly [number, number];

export type SeriesName =
  | "cpu_percent"
  | "memory_used_mib"
  | "memory_available_mib"
  | "disk_read_bytes_s"
  | "disk_write_bytes_s"
  | "disk_read_ops_s"
  | "disk_write_ops_s"
  | "network_receive_bytes_s"
  | "network_transmit_bytes_s";

export interface Metrics {
  step_s: number;
  series: Record<SeriesName, Point[]>;
}

/** In what a chart's values are counted. */
export type Measure = "percent" | "mib" | "bytes_s" | "ops_s";

/** A chart: its title is `charts.<id>`, its lines are called `series.<name>`. */
export interface ChartPlan {
  id: string;
  measure: Measure;
  series: readonly SeriesName[];
}

export const CHARTS: readonly ChartPlan[] = [
  { id: "cpu", measure: "percent", series: ["cpu_percent"] },
  { id: "memory", measure: "mib", series: ["memory_used_mib", "memory_available_mib"] },
  { id: "disk", measure: "bytes_s", series: ["disk_read_bytes_s", "disk_write_bytes_s"] },
  { id: "disk_ops", measure: "ops_s", series: ["disk_read_ops_s", "disk_write_ops_s"] },
  { id: "network", measure: "bytes_s", series: ["network_receive_bytes_s", "network_transmit_bytes_s"] },
];

export const RANGES = [1, 6, 24] as const;
/** How many hours back. */
export type Range = (typeof RANGES)[number];

/** A gap in the line where nothing was measured: the machine was off, or its host away. */
export function withGaps(points: readonly Point[], stepS: number): (readonly [number, number | null])[] {
  const line: (readonly [number, number | null])[] = [];
  let before: number | null = null;
  for (const [at, value] of points) {
    if (before !== null && at - before > 2.5 * stepS) line.push([(before + stepS) * 1000, null]);
    line.push([at * 1000, value]);
    before = at;
  }
  return line;
}

/** What one line comes to, for those who do not see it. */
export interface Summary {
  last: number;
  least: number;
  most: number;
  mean: number;
}

export function summaryOf(points: readonly Point[]): Summary | null {
  const last = points.at(-1);
  if (last === undefined) return null;
  const values = points.map(([, value]) => value);
  return {
    last: last[1],
    least: Math.min(...values),
    most: Math.max(...values),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}

export interface TableRow {
  at: number;
  values: (number | null)[];
}

/** The newest first, and no more than `rows`: averages over equal stretches. */
export function tableOf(metrics: Metrics, plan: ChartPlan, rows: number): TableRow[] {
  const times = [...new Set(plan.series.flatMap((name) => metrics.series[name].map(([at]) => at)))].sort(
    (a, b) => a - b,
  );
  const first = times[0];
  const last = times.at(-1);
  if (first === undefined || last === undefined) return [];
  const stretch = Math.max(
    metrics.step_s,
    Math.ceil((last - first + metrics.step_s) / rows / metrics.step_s) * metrics.step_s,
  );
  const found = new Map<number, number[][]>();
  plan.series.forEach((name, place) => {
    for (const [at, value] of metrics.series[name]) {
      const begin = first + Math.floor((at - first) / stretch) * stretch;
      const cells = found.get(begin) ?? plan.series.map(() => []);
      cells[place]?.push(value);
      found.set(begin, cells);
    }
  });
  return [...found]
    .sort(([a], [b]) => b - a)
    .map(([at, cells]) => ({
      at,
      values: cells.map((values) =>
        values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
      ),
    }));
}
