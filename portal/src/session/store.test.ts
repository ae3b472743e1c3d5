import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { SessionStore, type Tokens } from "./store";

const HOUR_MS = 3_600_000;

function tokens(name: string, accessMs = HOUR_MS): Tokens {
  return {
    session_id: "s",
    account_id: "ann",
    role: "tenant",
    access_token: `${name} access`,
    access_expires_at: new Date(Date.now() + accessMs).toISOString(),
    refresh_token: `${name} refresh`,
    refresh_expires_at: new Date(Date.now() + 24 * HOUR_MS).toISOString(),
  };
}

const calls: string[] = [];
let answers: (Response | Error)[] = [];

beforeEach(() => {
  window.localStorage.clear();
  calls.length = 0;
  answers = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    calls.push(`${new URL(request.url).pathname} ${await request.text()}`);
    const next = answers.shift();
    if (next === undefined || next instanceof Error) throw next ?? new TypeError("no answer");
    return next;
  });
});

afterEach(() => vi.unstubAllGlobals());

function storeWith(held: Tokens | null): SessionStore {
  if (held !== null) window.localStorage.setItem("zaffre.session", JSON.stringify(held));
  return new SessionStore(window.localStorage);
}

const refused = () =>
  Response.json({ status: 401, code: "identity.refresh_failed", title: "", detail: "", remedy: "" }, { status: 401 });

test("a token that is good is used as it is", async () => {
  expect(await storeWith(tokens("old")).accessToken()).toBe("old access");
  expect(calls).toEqual([]);
});

test("a token that runs out is exchanged once, however many ask", async () => {
  answers = [Response.json(tokens("new"))];
  const store = storeWith(tokens("old", 1_000));
  expect(await Promise.all([store.accessToken(), store.accessToken()])).toEqual(["new access", "new access"]);
  expect(calls).toEqual(['/api/sessions/refresh {"refresh_token":"old refresh"}']);
});

test("what another tab has exchanged is taken over and not exchanged again", async () => {
  const store = storeWith(tokens("old", 1_000));
  window.localStorage.setItem("zaffre.session", JSON.stringify(tokens("theirs")));
  expect(await store.accessToken()).toBe("theirs access");
  expect(calls).toEqual([]);
});

test("when the session has ended, requests wait for the next sign-in and then go on", async () => {
  answers = [refused(), Response.json(tokens("again"))];
  const store = storeWith(tokens("old", 1_000));
  const waiting = store.accessToken();
  await vi.waitFor(() => expect(store.state).toBe("ended"));
  await store.signIn("ann@zaffre.example", "password");
  expect(await waiting).toBe("again access");
  expect(store.state).toBe("in");
});

test("a server that does not answer does not end the session", async () => {
  const store = storeWith(tokens("old", 1_000));
  await expect(store.accessToken()).rejects.toThrow();
  expect(store.state).toBe("in");
});

test("what is stored but makes no sense is nobody", () => {
  window.localStorage.setItem("zaffre.session", "{not json");
  expect(new SessionStore(window.localStorage).state).toBe("out");
});
