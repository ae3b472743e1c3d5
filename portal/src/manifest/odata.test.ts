import { describe, expect, test } from "vitest";

import { virtualMachines } from "@/resources/virtual-machines";
import { filterExpression, listParameters, validListSearch } from "./odata";

describe("what a list asks the server for", () => {
  test("a quotation mark in a text cannot leave its literal", () => {
    expect(filterExpression(virtualMachines, { size: ["o'hara"] })).toBe("contains(size,'o''hara')");
  });

  test("several options of one field widen, several fields narrow", () => {
    const filter = filterExpression(virtualMachines, { state: ["running", "paused"], ready: ["true"] });
    expect(filter).toBe("(state eq 'running' or state eq 'paused') and ready eq true");
  });

  test("a bound on a number is a number whatever was typed", () => {
    expect(filterExpression(virtualMachines, { vcpus: ["ge:4", "le:8) or (1 eq 1"] })).toBe(
      "vcpus ge 4 and vcpus le 0",
    );
  });

  test("a condition that always holds comes first", () => {
    expect(filterExpression(virtualMachines, { ready: ["false"] }, "host_id eq 'x'")).toBe(
      "host_id eq 'x' and ready eq false",
    );
  });

  test("a sort that the collection does not know is not asked for", () => {
    expect(listParameters(virtualMachines, { sort: "-nonsense" })["$orderby"]).toBe("name");
    expect(listParameters(virtualMachines, { sort: "-created_at" })["$orderby"]).toBe("created_at desc");
  });

  test("an address with nonsense in it is read as far as it makes sense", () => {
    expect(validListSearch({ q: 7, sort: {}, f: { state: "running" }, cols: ["name", 3] })).toEqual({
      q: "7",
      f: { state: ["running"] },
      cols: ["name"],
    });
  });
});
