/**
 * The live feed of one tab: one request whose answer does not end.
 *
 * `EventSource` cannot send an `Authorization` header, so the lines are read from a fetch. Whatever cuts the stream, it is
 * opened again behind the last event that was seen, so nothing is missed; nobody is told, because there is nothing to do
 * about it. A hidden tab lets go of it after a while and catches up when it is looked at again.
 */
import type { LifecycleEvent } from "./wire";

export interface StreamSource {
  /** Open the stream behind a cursor; null means from now on. */
  open: (after: string | null, signal: AbortSignal) => Promise<Response>;
  onEvent: (event: LifecycleEvent) => void;
  /** Too much may have been missed to catch up event by event. */
  onGap: () => void;
}

/** The server says that it is still there every 15 s. */
const SILENCE_LIMIT_MS = 45_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const HIDDEN_LIMIT_MS = 60_000;
/** Coming back after longer than this, one reads anew instead of replaying. */
const REPLAY_LIMIT_MS = 10 * 60_000;

export class EventFeed {
  private cursor: string | null = null;
  private stopped = false;
  private abort: AbortController | null = null;
  private hiddenTimer: number | undefined;
  private pausedAt: number | null = null;
  private wake: (() => void) | null = null;

  constructor(private readonly source: StreamSource) {}

  /** Follow until `stop`. */
  start(): void {
    document.addEventListener("visibilitychange", this.onVisibility);
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    document.removeEventListener("visibilitychange", this.onVisibility);
    window.clearTimeout(this.hiddenTimer);
    this.abort?.abort();
    this.wake?.();
  }

  private readonly onVisibility = (): void => {
    window.clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = window.setTimeout(() => this.pause(), HIDDEN_LIMIT_MS);
    } else {
      this.resume();
    }
  };

  private pause(): void {
    this.pausedAt = Date.now();
    this.abort?.abort();
  }

  private resume(): void {
    if (this.pausedAt === null) return;
    if (Date.now() - this.pausedAt > REPLAY_LIMIT_MS) {
      this.cursor = null;
      this.source.onGap();
    }
    this.pausedAt = null;
    this.wake?.();
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      if (this.paused) {
        await this.sleep(null);
        continue;
      }
      const heard = await this.follow().catch(() => false);
      failures = heard ? 0 : failures + 1;
      await this.sleep(reconnectDelayMs(failures, Math.random()));
    }
  }

  private get paused(): boolean {
    return this.pausedAt !== null;
  }

  /** Read one stream to its end; tells whether anything came. */
  private async follow(): Promise<boolean> {
    const abort = (this.abort = new AbortController());
    let watchdog = window.setTimeout(() => abort.abort(), SILENCE_LIMIT_MS);
    let heard = false;
    try {
      const response = await this.source.open(this.cursor, abort.signal);
      if (!response.ok || response.body === null) return false;
      const parser = new EventParser((id, kind, data) => this.take(id, kind, data));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return heard;
        heard = true;
        window.clearTimeout(watchdog);
        watchdog = window.setTimeout(() => abort.abort(), SILENCE_LIMIT_MS);
        parser.push(value);
      }
    } finally {
      window.clearTimeout(watchdog);
      abort.abort();
    }
  }

  private take(id: string | null, kind: string | null, data: string | null): void {
    if (id !== null) this.cursor = id;
    if (data === null || kind === "credential_expired") return;
    this.source.onEvent(JSON.parse(data) as LifecycleEvent);
  }

  /** Wait; null means until woken. */
  private sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : window.setTimeout(resolve, ms);
      this.wake = () => {
        window.clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** How long to wait before connecting again: at once after a stream that worked, then longer, never in step with others. */
export function reconnectDelayMs(failures: number, chance: number): number {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
  return longest * (0.5 + chance / 2);
}

/** Takes server-sent events out of a text that comes in pieces. */
export class EventParser {
  private rest = "";

  constructor(private readonly onEvent: (id: string | null, kind: string | null, data: string | null) => void) {}

  push(text: string): void {
    const blocks = (this.rest + text).split("\n\n");
    this.rest = blocks.pop() ?? "";
    for (const block of blocks) this.dispatch(block);
  }

  private dispatch(block: string): void {
    const fields: Record<string, string> = {};
    for (const line of block.split("\n")) {
      const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      if (name !== undefined) fields[name] = (fields[name] === undefined ? "" : `${fields[name]}\n`) + (value ?? "");
    }
    this.onEvent(fields["id"] ?? null, fields["event"] ?? null, fields["data"] ?? null);
  }
}
