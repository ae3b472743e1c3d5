import { describe, expect, it } from "vitest";

import { CHARTS, summaryOf, tableOf, withGaps, type Metrics } from "./metrics";

const NOTHING = {
  cpu_percent: [],
  memory_used_mib: [],
  memory_available_mib: [],
  disk_read_bytes_s: [],
  disk_write_bytes_s: [],
  disk_read_ops_s: [],
  disk_write_ops_s: [],
  network_receive_bytes_s: [],
  network_transmit_bytes_s: [],
};

describe("a line", () => {
  it("breaks where nothing was measured", () => {
    expect(
      withGaps(
        [
          [0, 1],
          [10, 2],
          [60, 3],
        ],
        10,
      ),
    ).toEqual([
      [0, 1],
      [10_000, 2],
      [20_000, null],
      [60_000, 3],
    ]);
  });

  it("is summed up for those who do not see it", () => {
    expect(
      summaryOf([
        [0, 1],
        [10, 5],
        [20, 3],
      ]),
    ).toEqual({ last: 3, least: 1, most: 5, mean: 3 });
    expect(summaryOf([])).toBeNull();
  });
});

describe("the table", () => {
  const plan = CHARTS[1] ?? { id: "", measure: "mib", series: [] };
  const metrics: Metrics = {
    step_s: 10,
    series: {
      ...NOTHING,
      memory_used_mib: [
        [0, 1],
        [10, 3],
        [20, 5],
        [30, 7],
      ],
      memory_available_mib: [[30, 9]],
    },
  };

  it("has the newest on top and says what is absent", () => {
    expect(tableOf(metrics, plan, 10)[0]).toEqual({ at: 30, values: [7, 9] });
    expect(tableOf(metrics, plan, 10).at(-1)).toEqual({ at: 0, values: [1, null] });
  });

  it("averages rather than growing beyond its bound", () => {
    expect(tableOf(metrics, plan, 2)).toEqual([
      { at: 20, values: [6, 9] },
      { at: 0, values: [2, null] },
    ]);
  });
});
