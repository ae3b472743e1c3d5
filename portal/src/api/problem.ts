/** What the API answers when it says no (RFC 9457), and the same shape for what never reached it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** Stable, dotted, made for programs. */
  code: string;
  /** What happened, with the numbers. */
  detail: string;
  /** What to do about it. */
  remedy: string;
  /** The field or resource it is about. */
  target?: string | null;
  operation_id?: string | null;
  request_id?: string | null;
  errors?: { target: string; detail: string }[] | null;
}

/** Thrown by every call of the API that did not succeed. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.name = "ProblemError";
  }
}

/** Return the problem behind anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return localProblem("portal.fault", "Something went wrong in the portal", String(error), "Reload the page.");
}

/** A problem that the portal found by itself. */
export function localProblem(code: string, title: string, detail: string, remedy: string, status = 0): Problem {
  return { type: `urn:zaffre:problem:${code}`, title, status, code, detail, remedy };
}

/** Read the problem from an answer; one that is none (a proxy's page, say) is wrapped in one. */
export async function problemFrom(response: Response): Promise<Problem> {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) {
    const body = (await response.json()) as Partial<Problem>;
    if (typeof body.code === "string" && typeof body.detail === "string") return body as Problem;
  }
  return {
    ...localProblem(
      "portal.unexpected_answer",
      "The server gave an unexpected answer",
      `It answered with status ${response.status}.`,
      "Try again in a moment; if it stays, tell the provider.",
      response.status,
    ),
    request_id: response.headers.get("x-request-id"),
  };
}

/** The details per field, by the field's name in the request's body. */
export function fieldErrors(problem: Problem | null): Record<string, string> {
  if (problem === null) return {};
  const listed = problem.errors ?? (problem.target ? [{ target: problem.target, detail: problem.detail }] : []);
  return Object.fromEntries(listed.map((fault) => [fault.target, fault.detail]));
}
