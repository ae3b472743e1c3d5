/** A virtual machine as its tabs see it. */
import type { Resource } from "@/api/wire";
import type { components } from "@/api/generated/tenant";

export type Machine = components["schemas"]["VirtualMachineView"];

/** The tabs get what the manifest's path gave, which is this. */
export function machineOf(resource: Resource): Machine {
  return resource as unknown as Machine;
}

export function machinePath(machine: Pick<Machine, "id" | "subscription_id">): string {
  return `/subscriptions/${machine.subscription_id}/virtual-machines/${machine.id}`;
}

/** States in which nothing is being done with a machine. */
const AT_REST = ["running", "stopped", "paused", "crashed"];

/** A key below `refusals` that says why what a machine consists of cannot change now; null when it can. */
export function refusalOf(machine: Machine): "has_checkpoints" | "busy" | null {
  if (machine.checkpoint_count > 0) return "has_checkpoints";
  return AT_REST.includes(machine.state) ? null : "busy";
}

/** The same for what a machine with checkpoints can do as well. */
export function busyOf(machine: Machine): "busy" | null {
  return AT_REST.includes(machine.state) ? null : "busy";
}
