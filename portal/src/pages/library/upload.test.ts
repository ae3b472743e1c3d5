import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CHUNK_BYTES, upload, type UploadProgress } from "./upload";

/** A server that keeps what it is sent, and fails when it is told to. */
class Server {
  received = 0;
  appends = 0;
  failures: (Response | Error)[] = [];

  readonly answer = async (request: Request): Promise<Response> => {
    if (request.method === "HEAD") {
      return new Response(null, { headers: { "Upload-Offset": String(this.received) } });
    }
    this.appends += 1;
    const failure = this.failures.shift();
    if (failure instanceof Error) throw failure;
    if (failure !== undefined) return failure;
    if (request.headers.get("Upload-Offset") !== String(this.received)) return problem(409);
    this.received += (await request.arrayBuffer()).byteLength;
    return new Response(null, { status: 204, headers: { "Upload-Offset": String(this.received) } });
  };
}

function problem(status: number): Response {
  const body = { code: "x", title: "x", detail: "x", remedy: "x", status, type: "about:blank" };
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/problem+json" } });
}

describe("an upload", () => {
  const server = new Server();
  const file = new Blob([new Uint8Array(CHUNK_BYTES * 2 + 5)]);
  let reports: UploadProgress[];

  beforeEach(() => {
    Object.assign(server, { received: 0, appends: 0, failures: [] });
    reports = [];
    vi.stubGlobal("fetch", (request: Request) => server.answer(request));
    vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 1_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const send = () => upload("/images/i/content", file, (one) => reports.push(one), new AbortController().signal);

  test("sends the file a chunk at a time", async () => {
    await send();
    expect(server.received).toBe(file.size);
    expect(server.appends).toBe(3);
    expect(reports.at(-1)).toEqual({ sent: file.size, size: file.size, waiting: false });
  });

  test("goes on from what the server has", async () => {
    server.received = CHUNK_BYTES;
    await send();
    expect(server.received).toBe(file.size);
    expect(server.appends).toBe(2);
  });

  test("goes on when the connection comes back", async () => {
    server.failures = [new TypeError("network"), problem(503)];
    await send();
    expect(server.received).toBe(file.size);
    expect(reports.some((one) => one.waiting)).toBe(true);
  });

  test("ends when the server refuses", async () => {
    server.failures = [problem(400)];
    await expect(send()).rejects.toMatchObject({ problem: { status: 400 } });
    expect(server.received).toBe(0);
  });
});
