import { expect, test } from "vitest";

import { toCsv } from "./export";

test("a file for spreadsheets is quoted where it must be, and runs no formulas", () => {
  const columns = [
    { field: "name", kind: "text" as const },
    { field: "ports.*.address", kind: "list" as const },
    { field: "delta", kind: "number" as const },
  ];
  const rows = [
    { id: "1", name: 'a "b", c', ports: [{ address: "10.0.0.1" }, { address: "10.0.0.2" }], delta: -5 },
    { id: "2", name: "=1+1", ports: [] },
  ];
  expect(toCsv(rows, columns)).toBe(
    'name,ports.*.address,delta\r\n"a ""b"", c",10.0.0.1 10.0.0.2,-5\r\n' + "'=1+1,,\r\n",
  );
});
