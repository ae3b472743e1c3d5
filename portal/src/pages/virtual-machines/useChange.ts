/** Changing what belongs to a virtual machine: the call, and what is read anew after it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";

export interface Change {
  method: "POST" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
}

/** What a change of a machine can touch. */
const TOUCHED = ["virtual_machine", "disk", "checkpoint", "port", "operation"];

export function useChange(onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ method, path, body }: Change) =>
      await call<unknown>(method, path, body === undefined ? {} : { body }),
    onSuccess: async () => {
      onDone?.();
      await Promise.all(TOUCHED.map((type) => queries.invalidateQueries({ queryKey: keys.type(type) })));
    },
  });
}
