/** Give the reader a file. */

/** Long enough for any browser to have begun the download. */
const KEEP_MS = 10_000;

export function saveAs(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}
