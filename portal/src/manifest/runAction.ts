/** Doing something with resources. */
import { call, fillPath } from "@/api/transport";
import type { Answer } from "@/api/transport";
import type { Resource } from "@/api/wire";
import type { ActionManifest, FormValues } from "./types";

/** Send an action. `form` is what was filled in; a change of fields names the generation that its writer has seen. */
export function runAction(
  action: ActionManifest,
  resource: Resource,
  values: Readonly<Record<string, unknown>>,
  form: FormValues = {},
): Promise<Answer<unknown>> {
  const path = fillPath(action.path, { ...values, ...resource });
  const body = { ...action.body, ...form };
  const hasBody = action.body !== undefined || action.form !== undefined;
  const headers: Record<string, string> =
    action.method === "PATCH" && resource.generation !== undefined ? { "If-Match": `"${resource.generation}"` } : {};
  return call(action.method, path, { headers, ...(hasBody ? { body } : {}) });
}

export interface BulkResult {
  resource: Resource;
  state: "waiting" | "done" | "failed";
  error?: unknown;
  operationId?: string | null;
}

const AT_ONCE = 4;

/** Do it with many, a few at a time, telling about each as it goes. */
export async function runBulk(
  action: ActionManifest,
  resources: readonly Resource[],
  values: Readonly<Record<string, unknown>>,
  onResult: (result: BulkResult) => void,
): Promise<void> {
  const waiting = [...resources];
  const worker = async (): Promise<void> => {
    for (let resource = waiting.shift(); resource !== undefined; resource = waiting.shift()) {
      try {
        const { operationId } = await runAction(action, resource, values);
        onResult({ resource, state: "done", operationId });
      } catch (error) {
        onResult({ resource, state: "failed", error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
