import { describe, expect, it } from "vitest";

import { inOrder, misfitOf } from "./sizes";

const small = { id: "1", name: "small", vcpus: 1, memory_mib: 512 };
const large = { id: "2", name: "large", vcpus: 4, memory_mib: 8192 };
const room = { minimumMemoryMib: 256, vcpus: 2, memoryMib: 4096 };

describe("a size", () => {
  it("suits when image and quota allow it", () => expect(misfitOf(small, room)).toBeNull());
  it("is too small for an image that needs more memory", () =>
    expect(misfitOf(small, { ...room, minimumMemoryMib: 1024 })).toBe("image"));
  it("is too large for what is left", () => {
    expect(misfitOf(large, room)).toBe("vcpus");
    expect(misfitOf(large, { ...room, vcpus: 8 })).toBe("memory");
  });
  it("stands after the smaller ones", () => expect(inOrder([large, small])).toEqual([small, large]));
});
