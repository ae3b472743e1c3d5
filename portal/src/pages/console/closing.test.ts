import { expect, it } from "vitest";

import english from "@/locales/en/console.json";
import german from "@/locales/de/console.json";
import { closingKey, reopensByItself } from "./closing";

const CODES = [1000, 1001, 1006, 4001, 4002, 4003, 4004, 4005, 4006, 4007, 4008, 4009, 4999];

it.each(CODES)("says in both languages why a console closed with %i", (code) => {
  const key = closingKey({ code, reason: "" }) as keyof typeof english.closed;
  expect(english.closed[key]).toBeTruthy();
  expect(german.closed[key]).toBeTruthy();
});

it("opens a console again by itself when the machine has moved, but not when the right has ended", () => {
  expect(reopensByItself({ code: 4003, reason: "" })).toBe(true);
  expect(reopensByItself({ code: 4001, reason: "" })).toBe(false);
});
