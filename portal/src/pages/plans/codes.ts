/** Invitation codes that nobody guesses. */

/** Without those that are mistaken for each other when read out. */
const SIGNS = "abcdefghjkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const LENGTH = 5;

/** Make a code of four groups of five signs: 99 bits of chance. */
export function newCode(): string {
  return Array.from({ length: GROUPS }, () => Array.from({ length: LENGTH }, sign).join("")).join("-");
}

function sign(): string {
  const byte = new Uint8Array(1);
  // What would make the first signs likelier than the last is drawn again.
  const bound = 256 - (256 % SIGNS.length);
  do crypto.getRandomValues(byte);
  while ((byte[0] ?? 0) >= bound);
  return SIGNS.charAt((byte[0] ?? 0) % SIGNS.length);
}
