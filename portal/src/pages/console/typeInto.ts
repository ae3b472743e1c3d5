/** Typing a text into a guest, no faster than guests read keys. */
import type RFB from "@novnc/novnc";

import { SHIFT, strokes } from "./typing";

/** Guests' keyboards have a buffer of 16 keys. */
const AT_ONCE = 8;
const PAUSE_MS = 40;

/** Press the keys of a text one after the other. Ends early when the screen goes. */
export async function typeInto(screen: RFB, text: string): Promise<void> {
  const keys = strokes(text);
  const left = new AbortController();
  screen.addEventListener("disconnect", () => left.abort(), { signal: left.signal });
  for (const [place, { keysym, shift }] of keys.entries()) {
    if (left.signal.aborted) return;
    if (shift) screen.sendKey(SHIFT, null, true);
    screen.sendKey(keysym, null);
    if (shift) screen.sendKey(SHIFT, null, false);
    if (place % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => window.setTimeout(resolve, PAUSE_MS));
  }
  left.abort();
}
