/** Calls that need no session. */
import { problemFrom, ProblemError } from "@/api/problem";
import { apiUrl, fetchWithin } from "@/api/transport";

/** Ask without a session; throws what the server refuses. */
export async function ask(method: "GET" | "POST", path: string, body?: unknown): Promise<Response> {
  const sent =
    body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetchWithin(new Request(apiUrl(path), { method, ...sent }));
  if (!response.ok) throw new ProblemError(await problemFrom(response));
  return response;
}
