import { beforeEach, describe, expect, test } from "vitest";

import { ACTING_FRAGMENT, isForActing, sessionStorageOfTab } from "./acting";

function token(claims: object): string {
  return `e30.${btoa(JSON.stringify(claims)).replaceAll("+", "-").replaceAll("/", "_")}.signature`;
}

function arrive(access_token: string): void {
  const tokens = encodeURIComponent(JSON.stringify({ access_token }));
  window.history.replaceState(null, "", `/?a=1#${ACTING_FRAGMENT}${tokens}`);
}

describe("acting for somebody", () => {
  beforeEach(() => {
    window.sessionStorage.clear();
    window.history.replaceState(null, "", "/");
  });

  test("is what only tokens with an acting claim are for", () => {
    expect(isForActing(token({ sub: "tenant", act: "admin" }))).toBe(true);
    expect(isForActing(token({ sub: "tenant" }))).toBe(false);
    expect(isForActing("nonsense")).toBe(false);
  });

  test("keeps the session to this tab, and takes the tokens out of the address", () => {
    arrive(token({ act: "admin" }));
    expect(sessionStorageOfTab()).toBe(window.sessionStorage);
    expect(window.location.hash).toBe("");
    expect(window.location.search).toBe("?a=1");
    expect(sessionStorageOfTab()).toBe(window.sessionStorage);
  });

  test("cannot be begun by a link with somebody's usual tokens", () => {
    arrive(token({ sub: "stranger" }));
    expect(sessionStorageOfTab()).toBe(window.localStorage);
    expect(window.location.hash).toBe("");
  });
});
