/** Text as the keys that would be pressed for it on a US keyboard, which is what a guest's console starts with. */

/** A key to press, as X11 names it, with or without Shift. */
export interface Stroke {
  keysym: number;
  shift: boolean;
}

/** The most characters that are typed at once: what a person can watch, and wait for. */
export const MOST_TYPED = 4096;
export const SHIFT = 0xffe1;
const RETURN = 0xff0d;
const TAB = 0xff09;
/** Where X11 puts Unicode beyond Latin-1. */
const UNICODE = 0x01000000;
const SHIFTED = new Set('~!@#$%^&*()_+{}|:"<>?');

/** Return the keys for a text. Line ends of every kind become Return; other control characters are left out. */
export function strokes(text: string): Stroke[] {
  const typed = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").slice(0, MOST_TYPED);
  return Array.from(typed).flatMap((character) => strokeOf(character));
}

function strokeOf(character: string): Stroke[] {
  if (character === "\n") return [{ keysym: RETURN, shift: false }];
  if (character === "\t") return [{ keysym: TAB, shift: false }];
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return [];
  const shift = SHIFTED.has(character) || (character >= "A" && character <= "Z");
  return [{ keysym: point < 0x100 ? point : UNICODE + point, shift }];
}
