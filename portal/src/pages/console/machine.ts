/** What the consoles need to know of a virtual machine. */
import type { Resource } from "@/api/wire";
import { nameOf } from "@/manifest/values";

export interface ConsoleOwner {
  subscriptionId: string;
  machineId: string;
  name: string;
  /** Whether it has a console: it runs, or is paused. */
  on: boolean;
}

export function consoleOf(resource: Resource): ConsoleOwner {
  return {
    subscriptionId: String(resource["subscription_id"]),
    machineId: resource.id,
    name: nameOf(resource),
    on: resource["observed"] === "running" || resource["observed"] === "paused",
  };
}
