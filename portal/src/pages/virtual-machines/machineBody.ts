/** What the wizard's values are sent as. */
import { tagsBody } from "@/manifest/tags";
import type { FormValues } from "@/manifest/types";

/** An attachment as it is filled in: without a network it is not finished. */
export interface PortDraft {
  vm_network_id: string;
  subnet_id: string;
  address: string;
}

/** What is sent: attachments that are finished, and an address only where one is wanted. */
export function portsBody(value: unknown): Record<string, string>[] {
  if (!Array.isArray(value)) return [];
  return (value as PortDraft[])
    .filter((port) => port.vm_network_id !== "" && port.subnet_id !== "")
    .map(({ vm_network_id, subnet_id, address }) => ({
      vm_network_id,
      subnet_id,
      ...(address.trim() === "" ? {} : { address: address.trim() }),
    }));
}

/** The body of a new machine; what was left empty is left out, so that the API's defaults apply. */
export function machineBody(values: FormValues): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const name of ["name", "image_id", "size", "disk_gib", "availability_set_id"]) {
    const value = values[name];
    if (value !== undefined && value !== null && value !== "") body[name] = value;
  }
  const userData = values["user_data"];
  const keys = values["ssh_key_ids"];
  const tags = tagsBody(values["tags"]);
  return {
    ...body,
    ports: portsBody(values["ports"]),
    ...(Array.isArray(keys) && keys.length > 0 ? { ssh_key_ids: keys as unknown[] } : {}),
    ...(typeof userData === "string" && userData.trim() !== "" ? { user_data: userData } : {}),
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
  };
}
