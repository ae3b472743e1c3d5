/**
 * Resumable upload of an image's content: a chunk at a time, from where the server says it is.
 *
 * The protocol is the core of tus 1.0 (https://tus.io/protocols/resumable-upload): HEAD tells the offset, PATCH appends.
 */
import { problemFrom, ProblemError } from "@/api/problem";
import { apiUrl, authorizedFetch, fillPath } from "@/api/transport";

export const CHUNK_BYTES = 8 * 1024 * 1024;
const CHUNK_TIMEOUT_ATTEMPTS = 8;
const LONGEST_PAUSE_MS = 15_000;

export interface UploadProgress {
  sent: number;
  size: number;
  /** Whether the connection is lost and being tried again. */
  waiting: boolean;
}

export interface UploadTarget {
  /** Path of the content, with its braces filled. */
  path: string;
}

export function contentPath(template: string, values: Readonly<Record<string, unknown>>): string {
  return fillPath(template, values);
}

/** Ask how much the server has. */
async function offsetOf(path: string, signal: AbortSignal): Promise<number> {
  const response = await authorizedFetch(new Request(apiUrl(path), { method: "HEAD", signal }));
  if (!response.ok) throw new ProblemError(await problemFrom(response));
  return Number(response.headers.get("upload-offset") ?? "0");
}

async function append(path: string, offset: number, chunk: Blob, size: number, signal: AbortSignal): Promise<number> {
  const headers = {
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": String(offset),
    "Upload-Length": String(size),
  };
  const response = await authorizedFetch(new Request(apiUrl(path), { method: "PATCH", headers, body: chunk, signal }));
  if (!response.ok) throw new ProblemError(await problemFrom(response));
  return Number(response.headers.get("upload-offset") ?? String(offset + chunk.size));
}

/** Whether going on from the server's offset can help: a lost connection, a busy server, an offset that moved. */
function passing(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  return [0, 409, 502, 503, 504].includes(error.problem.status);
}

/**
 * Send a file from where the server is until it has everything.
 *
 * Throws `ProblemError` when the server refuses for good, or does not answer after several attempts in a row.
 */
export async function upload(
  path: string,
  file: Blob,
  report: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  let offset = await offsetOf(path, signal);
  let failures = 0;
  report({ sent: offset, size: file.size, waiting: false });
  while (offset < file.size) {
    try {
      offset = await append(path, offset, file.slice(offset, offset + CHUNK_BYTES), file.size, signal);
      failures = 0;
      report({ sent: offset, size: file.size, waiting: false });
    } catch (error) {
      if (signal.aborted || !passing(error) || failures >= CHUNK_TIMEOUT_ATTEMPTS) throw error;
      failures += 1;
      report({ sent: offset, size: file.size, waiting: true });
      await pause(Math.min(LONGEST_PAUSE_MS, 250 * 2 ** failures) * (0.5 + Math.random() / 2), signal);
      offset = await offsetOf(path, signal).catch(() => offset);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
