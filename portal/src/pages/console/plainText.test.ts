import { expect, it } from "vitest";

import { plainText } from "./plainText";

it("takes colours, titles and bells out of a log", () => {
  expect(plainText("\u001b[1;32mok\u001b[0m\u0007 \u001b]0;title\u0007done\r\nnext\ttab")).toBe("ok done\nnext\ttab");
});
