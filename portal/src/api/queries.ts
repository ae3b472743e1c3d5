/** The one query client, and how often it tries. */
import { QueryClient } from "@tanstack/react-query";

import { ProblemError } from "./problem";

const ATTEMPTS = 3;

/** Whether trying again can help: never for a refusal that says what is wrong. */
function worthAnotherTry(failures: number, error: Error): boolean {
  if (failures >= ATTEMPTS) return false;
  return !(error instanceof ProblemError) || error.problem.status === 0 || error.problem.status === 503;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // What changes is told by the event stream, so nothing needs to be asked for again by the clock.
        staleTime: 60_000,
        retry: worthAnotherTry,
        refetchOnWindowFocus: false,
      },
      mutations: { retry: false },
    },
  });
}
