/** Keys that a console does not take: the way out of it for those who have no mouse. */

/** Ctrl+Alt+G lets go of the keyboard, as QEMU's own windows do. */
export function letsGo(event: Pick<KeyboardEvent, "ctrlKey" | "altKey" | "shiftKey" | "code">): boolean {
  return event.ctrlKey && event.altKey && !event.shiftKey && event.code === "KeyG";
}
