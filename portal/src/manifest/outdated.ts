/** Lists of several pages into which something may have come since they were read. Their readers decide when to look. */
import { useSyncExternalStore } from "react";

let outdated: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function change(next: ReadonlySet<string>): void {
  outdated = next;
  for (const listener of listeners) listener();
}

export function markOutdated(listHash: string): void {
  if (!outdated.has(listHash)) change(new Set([...outdated, listHash]));
}

export function markCurrent(listHash: string): void {
  if (outdated.has(listHash)) change(new Set([...outdated].filter((hash) => hash !== listHash)));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOutdated(listHash: string): boolean {
  return useSyncExternalStore(subscribe, () => outdated.has(listHash));
}
