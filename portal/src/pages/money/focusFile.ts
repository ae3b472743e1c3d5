/** A file that is written while it is calculated: kept piece by piece, so that people see it come. */
import { problemFrom, ProblemError } from "@/api/problem";
import { apiUrl, authorizedStream } from "@/api/transport";

const KILO = 1000;
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** Somebody has stopped it. */
export class FocusStopped extends Error {}

/** Write how large a file is, such as `12.3 MB`. */
export function sizeText(bytes: number, language: string): string {
  const place = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const style = { style: "unit", unit: UNITS[place] ?? "byte", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, style).format(bytes / KILO ** place);
}

/** Fetch a file with the session's token, telling how much has come, and hand it to the person when it is whole. */
export async function keepStream(
  path: string,
  name: string,
  signal: AbortSignal,
  onSize: (bytes: number) => void,
): Promise<void> {
  try {
    const response = await authorizedStream(new Request(apiUrl(path), { signal }));
    if (!response.ok) throw new ProblemError(await problemFrom(response));
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    const reader = response.body?.getReader();
    for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
      pieces.push(read.value);
      size += read.value.length;
      onSize(size);
    }
    hand(new Blob(pieces), name);
  } catch (error) {
    throw signal.aborted ? new FocusStopped() : error;
  }
}

function hand(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
