/** The way to a console: a token that is good once, then a WebSocket that proves whose it is. */
import { API_ROOT, call } from "@/api/transport";
import { session } from "@/session/session";

export type ConsoleKind = "graphical" | "serial";

/** The machine whose console it is. */
export interface ConsoleMachine {
  subscriptionId: string;
  machineId: string;
}

interface ConsoleGrant {
  token: string;
  path: string;
}

/** Ask for a console and begin to connect to it. Throws `ProblemError` when it is refused. */
export async function openConsole(machine: ConsoleMachine, kind: ConsoleKind): Promise<WebSocket> {
  const path = `/subscriptions/${machine.subscriptionId}/virtual-machines/${machine.machineId}/consoles`;
  const { body } = await call<ConsoleGrant>("POST", path, { body: { kind } });
  // Browsers send no header with a WebSocket's handshake; a subprotocol carries the access token instead.
  const socket = new WebSocket(socketUrl(body.path), ["binary", `zaffre.bearer.${await session.accessToken()}`]);
  socket.binaryType = "arraybuffer";
  return socket;
}

/** The WebSocket's URL of a path of the API. */
export function socketUrl(path: string): string {
  const url = new URL(`${API_ROOT}${path}`, window.location.origin);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.toString();
}
