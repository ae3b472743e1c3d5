/** Why a console ended, in words of the portal's language. */

/** How a WebSocket of a console was closed. */
export interface Closing {
  code: number;
  /** In the server's words; shown where the portal has none of its own. */
  reason: string;
}

/** Asked for by the reader. */
const LEFT = 1000;
/** The browser's own code for a connection that broke, or was refused. */
const BROKEN = 1006;

/** As the API describes them at `POST …/consoles`. */
const KEYS: Readonly<Record<number, string>> = {
  [LEFT]: "left",
  1001: "server_stopped",
  [BROKEN]: "broken",
  1012: "server_stopped",
  4001: "withdrawn",
  4002: "powered_off",
  4003: "moved",
  4004: "taken_over",
  4005: "idle",
  4006: "host_lost",
  4007: "unavailable",
  4008: "too_many",
  4009: "unchecked",
};

/** Codes after which opening the console again at once is what anybody would do. */
const TRY_AGAIN = new Set([1001, 1012, 4003, 4009]);

/** The catalogue's key below `closed`. */
export function closingKey(closing: Closing): string {
  return KEYS[closing.code] ?? "other";
}

/** Whether the portal opens the console again by itself. */
export function reopensByItself(closing: Closing): boolean {
  return TRY_AGAIN.has(closing.code);
}

/** Whether the console ended as it should, rather than through a fault. */
export function endedInOrder(closing: Closing): boolean {
  return closing.code === LEFT || closing.code === 4002 || closing.code === 4003;
}
