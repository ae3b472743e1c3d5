/** Shapes that every resource of the API shares. */

/** A resource as a manifest sees it. */
export type Resource = { id: string; name?: string | null; generation?: number } & Record<string, unknown>;

/** One page of a collection. */
export interface Page<T> {
  value: T[];
  "@odata.nextLink"?: string | null;
  "@odata.count"?: number | null;
}

/** A durable, resumable unit of work. */
export interface Operation {
  id: string;
  kind: string;
  state: "queued" | "running" | "unwinding" | "succeeded" | "failed" | "cancelled" | "stuck";
  progress_percent: number;
  sentence: string;
  step: string | null;
  resource_type: string;
  resource_id: string;
  resource_name: string | null;
  subscription_id: string | null;
  account_id: string | null;
  problem: import("./problem").Problem | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  cancel_requested: boolean;
}

/** One immutable fact. */
export interface LifecycleEvent {
  cursor: string;
  id: string;
  kind: string;
  occurred_at: string;
  actor_kind: string;
  actor_id: string;
  subscription_id: string | null;
  resource_type: string;
  resource_id: string;
  resource_name: string | null;
  operation_id: string | null;
  data: Record<string, unknown>;
}

export const UNFINISHED: readonly Operation["state"][] = ["queued", "running", "unwinding"];

/** Whether an operation still goes on. */
export function goesOn(operation: Operation): boolean {
  return UNFINISHED.includes(operation.state);
}
