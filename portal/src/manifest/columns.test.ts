import { expect, test } from "vitest";

import { virtualMachines } from "@/resources/virtual-machines";
import { chosenColumns, fittingColumns } from "./columns";

const usual = chosenColumns(virtualMachines, undefined);

test("on a narrow screen the important columns are left, and fill it", () => {
  const fitted = fittingColumns(usual, 370);
  expect(fitted.map((column) => column.field)).toEqual(["name", "state"]);
  expect(fitted.reduce((sum, column) => sum + column.share, 0)).toBeCloseTo(100);
});

test("on a wide screen all visible columns are shown", () => {
  expect(fittingColumns(usual, 1200).length).toBe(usual.length);
});

test("chosen columns are shown in the order in which they were chosen", () => {
  expect(chosenColumns(virtualMachines, ["id", "name"]).map((column) => column.field)).toEqual(["id", "name"]);
});
