/**
 * One way to the API for everything in the portal.
 *
 * Every request carries the session's access token. When the session has ended, the request waits until the person has
 * signed in again over the page, and is then sent once more: nobody loses a form because a token ran out.
 */
import { localProblem, problemFrom, ProblemError } from "./problem";

export const API_ROOT = "/api";
const ANSWER_TIMEOUT_MS = 60_000;

/** Whoever holds the tokens. */
export interface Credentials {
  /** Return a good access token; waits for a new sign-in if need be. */
  accessToken(): Promise<string>;
  /** Learn that a token was refused although it looked good. */
  refused(token: string): Promise<void>;
}

let credentials: Credentials | null = null;

/** Say who holds the tokens. Done once, when the portal starts. */
export function setCredentials(holder: Credentials): void {
  credentials = holder;
}

/** Send a request with the session's token. Answers that are problems are returned like any other: see `call`. */
export function authorizedFetch(input: Request): Promise<Response> {
  return authorized(input, (request) => fetchWithin(request));
}

/** Like `authorizedFetch`, for answers that take as long as they like: streams, uploads. Its caller must bound it. */
export function authorizedStream(input: Request): Promise<Response> {
  return authorized(input, (request) => fetch(request));
}

async function authorized(input: Request, send: (request: Request) => Promise<Response>): Promise<Response> {
  if (credentials === null) return send(input);
  const again = input.clone();
  const token = await credentials.accessToken();
  const response = await send(withToken(input, token));
  if (response.status !== 401) return response;
  await credentials.refused(token);
  return send(withToken(again, await credentials.accessToken()));
}

/** Return a good access token, for what cannot go through `authorizedFetch`: a WebSocket, or XMLHttpRequest. */
export async function accessToken(): Promise<string> {
  if (credentials === null) throw new Error("nobody holds the tokens");
  return credentials.accessToken();
}

function withToken(request: Request, token: string): Request {
  const headers = new Headers(request.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return new Request(request, { headers });
}

/** Send a request without a token, with a deadline; a network that fails becomes a problem. */
export async function fetchWithin(request: Request, timeoutMs = ANSWER_TIMEOUT_MS): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    return await fetch(request, { signal });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new ProblemError(
      localProblem(
        "portal.unreachable",
        "The server does not answer",
        "The request did not reach the server, or its answer did not come back.",
        "Check your connection. The portal tries again by itself where that is safe.",
      ),
    );
  }
}

export interface Sending {
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** What a successful call gave. */
export interface Answer<T> {
  body: T;
  /** For `If-Match` on the next write. */
  etag: string | null;
  /** The operation that works on what was asked, when the answer was 202. */
  operationId: string | null;
}

/**
 * Call the API by method and path, as manifests name them.
 *
 * Throws `ProblemError` for every answer that is not a success. Pages that know their path at compile time use the typed
 * clients of `clients.ts` instead.
 */
export async function call<T>(method: string, path: string, sending: Sending = {}): Promise<Answer<T>> {
  const headers = new Headers(sending.headers);
  // What the provider wrote in several languages comes in the one that the portal is read in.
  if (!headers.has("Accept-Language")) headers.set("Accept-Language", document.documentElement.lang || "en");
  if (sending.body !== undefined) headers.set("Content-Type", "application/json");
  const request = new Request(apiUrl(path, sending.query), {
    method,
    headers,
    body: sending.body === undefined ? null : JSON.stringify(sending.body),
    signal: sending.signal ?? null,
  });
  const response = await authorizedFetch(request);
  if (!response.ok) throw new ProblemError(await problemFrom(response));
  const body: unknown = response.status === 204 ? undefined : await response.json();
  return {
    body: body as T,
    etag: response.headers.get("etag"),
    operationId: response.headers.get("operation-location")?.split("/").at(-1) ?? null,
  };
}

/** Return the URL of a path of the face, with a query; absent values are left out. */
export function apiUrl(path: string, query: Sending["query"] = {}): string {
  const known = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(known.map(([key, value]) => [key, String(value)])).toString();
  const separator = path.includes("?") ? "&" : "?";
  return new URL(`${API_ROOT}${path}${text ? separator + text : ""}`, window.location.origin).toString();
}

/** Fill a path template: `/subscriptions/{subscription_id}/disks/{id}`. */
export function fillPath(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined || value === null) throw new Error(`${template} needs ${name}`);
    return encodeURIComponent(typeof value === "string" ? value : JSON.stringify(value));
  });
}
