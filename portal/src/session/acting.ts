/**
 * Acting for somebody: an administrator opens the tenant portal with tokens that were made for it.
 *
 * The tokens come behind the address's hash, are taken out of the address before anything is shown, and live in this tab
 * only, beside whoever else is signed in with this browser. Only tokens that say themselves that they are for acting are
 * taken: a link can thus not sign somebody in as another person without their noticing, because such a session is marked
 * on every page.
 */
export const ACTING_FRAGMENT = "act-for=";
const KEY = "zaffre.session";

/** Where this tab keeps its session: for itself when it acts for somebody, else shared with the browser's other tabs. */
export function sessionStorageOfTab(): Storage {
  const given = tokensInAddress();
  if (given !== null) window.sessionStorage.setItem(KEY, given);
  return window.sessionStorage.getItem(KEY) === null ? window.localStorage : window.sessionStorage;
}

function tokensInAddress(): string | null {
  const fragment = window.location.hash.slice(1);
  if (!fragment.startsWith(ACTING_FRAGMENT)) return null;
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  try {
    const text = decodeURIComponent(fragment.slice(ACTING_FRAGMENT.length));
    const tokens = JSON.parse(text) as { access_token?: unknown };
    return typeof tokens.access_token === "string" && isForActing(tokens.access_token) ? text : null;
  } catch {
    return null;
  }
}

/** Whether a token names who acts. The server checks its signature; here it only matters what it claims. */
export function isForActing(accessToken: string): boolean {
  const payload = accessToken.split(".")[1] ?? "";
  try {
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;
    return claims["act"] !== undefined && claims["act"] !== null;
  } catch {
    return false;
  }
}
