import { describe, expect, it } from "vitest";

import { MOST_TYPED, strokes } from "./typing";

describe("typing a text", () => {
  it("presses Shift for what a US keyboard has above", () => {
    expect(strokes("aB:1")).toEqual([
      { keysym: 0x61, shift: false },
      { keysym: 0x42, shift: true },
      { keysym: 0x3a, shift: true },
      { keysym: 0x31, shift: false },
    ]);
  });

  it("makes one Return of every kind of line end", () => {
    expect(strokes("\r\n\r\n\n").map((stroke) => stroke.keysym)).toEqual([0xff0d, 0xff0d, 0xff0d]);
  });

  it("leaves out control characters, which no key stands for", () => {
    expect(
      strokes("a\u0000\u001b[\u009bb")
        .map((stroke) => String.fromCodePoint(stroke.keysym))
        .join(""),
    ).toBe("a[b");
  });

  it("names characters beyond Latin-1 by their code point", () => {
    expect(strokes("ä€😀").map((stroke) => stroke.keysym)).toEqual([0xe4, 0x010020ac, 0x0101f600]);
  });

  it("is bounded", () => {
    expect(strokes("x".repeat(MOST_TYPED * 2))).toHaveLength(MOST_TYPED);
  });
});
