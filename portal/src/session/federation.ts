/** Signing in with an account elsewhere: away to the provider, and back to the page `/signed-in`. */
import type { TenantSchemas } from "@/api/clients";
import { call } from "@/api/transport";
import { ask } from "./outside";
import { session } from "./session";

export const RETURN_PATH = "/signed-in";
/** Set while somebody who is signed in links an identity: what comes back is then sent with their session. */
const LINKING = "zaffre.linking";

type Away = TenantSchemas["FederatedSignInView"];
type Back = TenantSchemas["FederatedReturnView"];

export async function leaveToSignIn(providerId: string): Promise<void> {
  window.sessionStorage.removeItem(LINKING);
  const answer = await ask("POST", "/federated-sign-ins", { provider_id: providerId });
  window.location.assign(((await answer.json()) as Away).authorization_url);
}

export async function leaveToLink(providerId: string, password: string): Promise<void> {
  const body = { provider_id: providerId, current_password: password === "" ? null : password };
  const { authorization_url } = (await call<Away>("POST", "/accounts/me/identities", { body })).body;
  window.sessionStorage.setItem(LINKING, "1");
  window.location.assign(authorization_url);
}

/** What the provider put into the address; it is taken out of there, so that nobody meets it in the history. */
export function takeFromAddress(): Record<string, string> {
  const found = new URLSearchParams(window.location.search);
  window.history.replaceState(null, "", RETURN_PATH);
  const names = ["state", "code", "error", "iss"];
  return Object.fromEntries(names.flatMap((name) => (found.has(name) ? [[name, found.get(name) ?? ""]] : [])));
}

/** Finish what came back: somebody is signed in then, or an identity is linked. */
export async function finish(body: Record<string, string>): Promise<void> {
  const linking = window.sessionStorage.getItem(LINKING) !== null;
  const path = "/federated-sign-ins/redeem";
  const back = linking
    ? (await call<Back>("POST", path, { body })).body
    : ((await (await ask("POST", path, body)).json()) as Back);
  window.sessionStorage.removeItem(LINKING);
  if (back.tokens !== null) session.keep(back.tokens);
  window.location.replace(linking ? "/account" : "/");
}
