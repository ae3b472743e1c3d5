import { describe, expect, test } from "vitest";

import type { InputManifest } from "./types";
import { bodyOf, boundsOf, faultOf, formFaults, initialValues } from "./validation";

const inputs: readonly InputManifest[] = [
  { name: "name", kind: "text" },
  { name: "size_gib", kind: "number", minimum: 1, when: [{ field: "own_size", in: [true] }] },
  { name: "own_size", kind: "switch" },
  {
    name: "ports",
    kind: "group",
    maxItems: 2,
    fields: [
      { name: "subnet_id", kind: "text", required: true },
      { name: "address", kind: "text", pattern: "^[0-9.]+$" },
    ],
  },
];

describe("a form", () => {
  test("has the bounds of the API's description", () => {
    const bounds = boundsOf("tenant", "NewVirtualMachineBody");
    expect(bounds["name"]).toMatchObject({ required: true, maxLength: 100 });
    expect(faultOf("", bounds["name"] ?? {})).toEqual({ key: "validation.required" });
    expect(faultOf("x".repeat(101), bounds["name"] ?? {})?.key).toBe("validation.too_long");
  });

  test("points at fields within groups as the server does", () => {
    const values = { name: "a", ports: [{ subnet_id: "s" }, { address: "not an address" }] };
    expect(Object.keys(formFaults(inputs, values))).toEqual(["ports[1].subnet_id", "ports[1].address"]);
  });

  test("does not ask for what it does not show, and does not send it", () => {
    const values = { ...initialValues(inputs), name: "a", size_gib: 0 };
    expect(formFaults(inputs, values)).toEqual({});
    expect(bodyOf(inputs, values)).toEqual({ name: "a", own_size: false, ports: [] });
  });

  test("leaves out what was left empty, so that defaults apply", () => {
    const values = { name: "a", own_size: true, size_gib: 5, ports: [{ subnet_id: "s", address: "" }] };
    expect(bodyOf(inputs, values)).toEqual({
      name: "a",
      own_size: true,
      size_gib: 5,
      ports: [{ subnet_id: "s" }],
    });
  });

  test("counts items and numbers", () => {
    expect(formFaults(inputs, { ports: [{ subnet_id: "1" }, { subnet_id: "2" }, { subnet_id: "3" }] })).toHaveProperty(
      "ports",
    );
    expect(formFaults(inputs, { own_size: true, size_gib: 0 })["size_gib"]?.key).toBe("validation.minimum");
  });
});
