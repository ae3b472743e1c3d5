/** What a terminal would show, as plain text. */

/** Colours and cursor movements: ESC [ … letter, ESC ] … BEL, and ESC with one letter. */
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Return a text without what only tells a terminal how to show it. */
export function plainText(text: string): string {
  return text.replaceAll(SEQUENCE, "").replaceAll("\r\n", "\n").replaceAll(CONTROL, "");
}
