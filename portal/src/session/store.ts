/**
 * The sign-in session: its tokens, kept for all tabs of this portal.
 *
 * Why the tokens are in localStorage, and why one tab at a time exchanges them: docs/decisions/0023.
 */
import { fetchWithin, API_ROOT, type Credentials } from "@/api/transport";
import { problemFrom, ProblemError } from "@/api/problem";

const KEY = "zaffre.session";
const LOCK = "zaffre.session.refresh";
/** An access token is exchanged this long before it runs out. */
const MARGIN_MS = 30_000;

export interface Tokens {
  session_id: string;
  account_id: string;
  role: string;
  access_token: string;
  access_expires_at: string;
  refresh_token: string;
  refresh_expires_at: string;
}

/**
 * `out`: nobody is signed in. `in`: somebody is. `ended`: somebody was while this page was open; what they were doing is
 * still on the screen, waiting for them to sign in again.
 */
export type SessionState = "out" | "in" | "ended";

export class SessionStore implements Credentials {
  private tokens: Tokens | null;
  private current: SessionState;
  private readonly listeners = new Set<() => void>();
  private renewal: Promise<void> | null = null;

  constructor(private readonly storage: Storage) {
    this.tokens = this.read();
    this.current = this.tokens === null ? "out" : "in";
    window.addEventListener("storage", (event) => {
      if (event.key === KEY) this.adopt(this.read());
    });
  }

  get state(): SessionState {
    return this.current;
  }

  get accountId(): string | null {
    return this.tokens?.account_id ?? null;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): SessionState => this.current;

  /** Sign in; `code` is that of the account's second factor, if it has one. */
  async signIn(email: string, password: string, code?: string): Promise<void> {
    const tokens = await post("/sessions", code === undefined ? { email, password } : { email, password, code });
    const another = this.current === "ended" && tokens.account_id !== this.tokens?.account_id;
    this.keep(tokens);
    // Somebody else than whose page this is: nothing of it may stay on the screen.
    if (another) window.location.assign("/");
  }

  /** Take over tokens that were got elsewhere, such as those of acting for somebody. */
  keep(tokens: Tokens): void {
    this.storage.setItem(KEY, JSON.stringify(tokens));
    this.adopt(tokens);
  }

  async signOut(): Promise<void> {
    const token = this.tokens?.access_token;
    this.storage.removeItem(KEY);
    if (token !== undefined) await endSession(token);
    this.tokens = null;
    window.location.assign("/");
  }

  async accessToken(): Promise<string> {
    for (;;) {
      if (this.current !== "in" || this.tokens === null) await this.nextSignIn();
      else if (Date.parse(this.tokens.access_expires_at) - Date.now() > MARGIN_MS) return this.tokens.access_token;
      else await this.renew(this.tokens.access_token);
    }
  }

  async refused(token: string): Promise<void> {
    await this.renew(token);
  }

  /** Exchange the refresh token, once however many ask, in one tab however many are open. */
  private renew(token: string): Promise<void> {
    this.renewal ??= exclusively(() => this.exchange(token)).finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  private async exchange(token: string): Promise<void> {
    // Another tab may have been here first.
    const stored = this.read();
    if (stored !== null && stored.access_token !== token) {
      this.adopt(stored);
      return;
    }
    if (stored === null) {
      this.end();
      return;
    }
    try {
      this.keep(await post("/sessions/refresh", { refresh_token: stored.refresh_token }));
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.status !== 401) throw error;
      this.storage.removeItem(KEY);
      this.end();
    }
  }

  private end(): void {
    if (this.current === "in") this.change("ended");
  }

  private adopt(tokens: Tokens | null): void {
    if (tokens === null) {
      this.end();
      return;
    }
    const another = this.current === "in" && this.tokens !== null && tokens.account_id !== this.tokens.account_id;
    this.tokens = tokens;
    if (another) window.location.assign("/");
    this.change("in");
  }

  private change(state: SessionState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }

  private nextSignIn(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.subscribe(() => {
        if (this.current !== "in") return;
        stop();
        resolve();
      });
    });
  }

  private read(): Tokens | null {
    const text = this.storage.getItem(KEY);
    if (text === null) return null;
    try {
      const tokens = JSON.parse(text) as Tokens;
      return Date.parse(tokens.refresh_expires_at) > Date.now() ? tokens : null;
    } catch {
      return null;
    }
  }
}

async function post(path: string, body: unknown): Promise<Tokens> {
  const request = new Request(new URL(`${API_ROOT}${path}`, window.location.origin), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const response = await fetchWithin(request);
  if (!response.ok) throw new ProblemError(await problemFrom(response));
  return (await response.json()) as Tokens;
}

async function endSession(token: string): Promise<void> {
  const url = new URL(`${API_ROOT}/sessions/current`, window.location.origin);
  const request = new Request(url, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  // Signing out here must succeed whatever the server says: the tokens are forgotten already.
  await fetchWithin(request, 5_000).catch(() => undefined);
}

/** Run in one tab at a time. Pages without the Locks API (plain HTTP beyond loopback) only keep order within a tab. */
async function exclusively(work: () => Promise<void>): Promise<void> {
  const locks = (navigator as Partial<Navigator>).locks;
  if (locks === undefined) await work();
  else await locks.request(LOCK, work);
}
