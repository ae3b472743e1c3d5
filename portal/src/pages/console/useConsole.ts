/** The life of a console's connection: opened when the machine is on, and again by itself where that is expected. */
import { useCallback, useEffect, useRef, useState } from "react";

import { reopensByItself, type Closing } from "./closing";
import { openConsole, type ConsoleKind, type ConsoleMachine } from "./openConsole";

export type ConsolePhase =
  | { name: "closed"; closing: Closing | null }
  | { name: "opening"; socket: WebSocket | null }
  | { name: "open"; socket: WebSocket }
  | { name: "refused"; error: unknown };

export interface Connection {
  phase: ConsolePhase;
  connect: () => void;
  disconnect: () => void;
}

const NOT_YET: ConsolePhase = { name: "closed", closing: null };
/** How often, and after how long, a console is opened again without anybody's doing. */
const ATTEMPTS = 3;
const PAUSE_MS = 1_000;

/** Connect to a machine's console while it is on. `attach` is given the socket before anything arrives. */
export function useConsole(
  { subscriptionId, machineId }: ConsoleMachine,
  kind: ConsoleKind,
  on: boolean,
  attach: (socket: WebSocket) => () => void,
): Connection {
  const [phase, setPhase] = useState<ConsolePhase>(NOT_YET);
  const [turn, setTurn] = useState(0);
  const attempts = useRef(0);
  const socketRef = useRef<WebSocket | null>(null);

  useEffect(() => {
    if (!on) {
      setPhase((before) =>
        before.name === "closed" ? before : { name: "closed", closing: { code: 4002, reason: "" } },
      );
      return;
    }
    let current = true;
    let detach: (() => void) | null = null;
    let timer: number | undefined;
    let socket: WebSocket | null = null;
    const leave = () => {
      detach?.();
      detach = null;
    };
    const connect = async () => {
      setPhase({ name: "opening", socket: null });
      const opened = await openConsole({ subscriptionId, machineId }, kind);
      if (!current) {
        opened.close();
        return;
      }
      socket = opened;
      socketRef.current = opened;
      opened.addEventListener("open", () => {
        if (!current) return;
        attempts.current = 0;
        setPhase({ name: "open", socket: opened });
      });
      opened.addEventListener("close", (event) => {
        leave();
        if (!current) return;
        const closing = { code: event.code, reason: event.reason };
        if (reopensByItself(closing) && attempts.current < ATTEMPTS) {
          attempts.current += 1;
          timer = window.setTimeout(() => setTurn((before) => before + 1), PAUSE_MS * attempts.current);
        }
        setPhase({ name: "closed", closing });
      });
      detach = attach(opened);
    };
    connect().catch((error: unknown) => {
      if (current) setPhase({ name: "refused", error });
    });
    return () => {
      current = false;
      window.clearTimeout(timer);
      leave();
      socket?.close(1000);
      socketRef.current = null;
    };
  }, [subscriptionId, machineId, kind, on, turn, attach]);

  const connect = useCallback(() => {
    attempts.current = 0;
    setTurn((before) => before + 1);
  }, []);
  const disconnect = useCallback(() => socketRef.current?.close(1000), []);
  return { phase, connect, disconnect };
}
