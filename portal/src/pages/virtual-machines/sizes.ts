/** Whether a size suits an image and what is left of the quota. */

export interface Size {
  id: string;
  name: string;
  vcpus: number;
  memory_mib: number;
}

/** What a machine of a size has to fit into. */
export interface Room {
  /** Of the image; null when none is chosen. */
  minimumMemoryMib: number | null;
  vcpus: number;
  memoryMib: number;
}

export type Misfit = "image" | "vcpus" | "memory";

/** Why a size cannot be taken; null when it can. */
export function misfitOf(size: Size, room: Room): Misfit | null {
  if (room.minimumMemoryMib !== null && size.memory_mib < room.minimumMemoryMib) return "image";
  if (size.vcpus > room.vcpus) return "vcpus";
  return size.memory_mib > room.memoryMib ? "memory" : null;
}

/** Smallest first: what most people want is on top. */
export function inOrder(sizes: readonly Size[]): Size[] {
  return [...sizes].sort((a, b) => a.memory_mib - b.memory_mib || a.vcpus - b.vcpus || a.name.localeCompare(b.name));
}
