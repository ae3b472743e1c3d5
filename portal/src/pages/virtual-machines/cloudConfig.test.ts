import { describe, expect, it } from "vitest";

import { faultOf, TEMPLATE_IDS, TEMPLATES, userDataKind } from "./cloudConfig";

describe("user-data", () => {
  it("is known by its first line", () => {
    expect(userDataKind(" \n")).toBe("nothing");
    expect(userDataKind("#cloud-config\n")).toBe("cloud-config");
    expect(userDataKind("#!/bin/sh\n")).toBe("script");
    expect(userDataKind("Content-Type: multipart/mixed\n")).toBe("other");
    expect(userDataKind("packages: []")).toBe("unknown");
  });

  it("needs a first line that cloud-init knows", async () => {
    expect(await faultOf("packages: []")).toMatchObject({ line: 1, key: "first_line" });
  });

  it("says in which line the YAML is wrong", async () => {
    expect(await faultOf("#cloud-config\npackages:\n  - a\n - b\n")).toMatchObject({ line: 4, key: "syntax" });
    expect(await faultOf("#cloud-config\n- a\n")).toMatchObject({ key: "not_a_mapping" });
  });

  it("leaves scripts alone", async () => {
    expect(await faultOf("#!/bin/sh\n{{{ : [")).toBeNull();
  });

  it.each(TEMPLATE_IDS)("has a template that is right: %s", async (id) => {
    expect(await faultOf(TEMPLATES[id])).toBeNull();
  });
});
