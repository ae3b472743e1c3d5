/** A machine's serial console: a terminal in the page, both ways. */
import {
  makeStyles,
  mergeClasses,
  tokens,
  Toolbar,
  ToolbarButton,
  ToolbarToggleButton,
} from "@fluentui/react-components";
import {
  ClipboardPasteRegular,
  EraserRegular,
  PlugConnectedRegular,
  PlugDisconnectedRegular,
  SpeakerEditRegular,
} from "@fluentui/react-icons";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { useCallback, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { ConsoleStatus } from "./ConsoleStatus";
import { letsGo } from "./keyboard";
import { PasteDialog } from "./PasteDialog";
import { withStyleNonce } from "./terminalStyles";
import { useConsole } from "./useConsole";
import "@xterm/xterm/css/xterm.css";

const useStyles = makeStyles({
  console: { display: "flex", flexDirection: "column", gap: "8px", minWidth: 0 },
  toolbar: {
    flexWrap: "wrap",
    padding: 0,
    "& button": { fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular },
  },
  hint: { margin: 0, color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  terminal: {
    height: "min(60vh, 560px)",
    minHeight: "240px",
    padding: "8px",
    boxSizing: "border-box",
    overflow: "hidden",
    borderRadius: tokens.borderRadiusMedium,
    border: `2px solid ${tokens.colorNeutralStroke1}`,
    backgroundColor: "#101010",
    ":focus-within": { outline: `3px solid ${tokens.colorBrandStroke1}`, outlineOffset: "1px" },
  },
  hidden: { display: "none" },
});

/** The server takes no larger message. */
const MESSAGE_BYTES = 65_536;
const SCROLLBACK = 5_000;

export interface SerialConsoleProps {
  subscriptionId: string;
  machineId: string;
  name: string;
  /** Whether the machine is on. */
  on: boolean;
}

export function SerialConsole({ subscriptionId, machineId, name, on }: SerialConsoleProps) {
  const styles = useStyles();
  const { t } = useTranslation("console");
  const hintId = useId();
  const target = useRef<HTMLDivElement>(null);
  const leave = useRef<HTMLButtonElement>(null);
  const [terminal, setTerminal] = useState<Terminal | null>(null);
  const [aloud, setAloud] = useState(false);
  const [pasting, setPasting] = useState(false);

  useEffect(() => {
    const element = target.current;
    if (element === null) return;
    const made = new Terminal({ scrollback: SCROLLBACK, fontSize: 14, minimumContrastRatio: 4.5 });
    const fit = new FitAddon();
    made.loadAddon(fit);
    withStyleNonce(() => made.open(element));
    made.attachCustomKeyEventHandler((event) => {
      if (!letsGo(event)) return true;
      if (event.type === "keydown") leave.current?.focus();
      event.preventDefault();
      return false;
    });
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) fit.fit();
    });
    observer.observe(element);
    setTerminal(made);
    return () => {
      observer.disconnect();
      made.dispose();
      setTerminal(null);
    };
  }, []);

  const label = t("serial.terminal", { name });
  useEffect(() => {
    const input = terminal?.textarea;
    if (terminal === null || input === undefined) return;
    terminal.options.screenReaderMode = aloud;
    input.setAttribute("aria-label", label);
    input.setAttribute("aria-describedby", hintId);
  }, [terminal, aloud, label, hintId]);

  const attach = useCallback(
    (socket: WebSocket) => {
      if (terminal === null) return () => undefined;
      const typed = terminal.onData((text) => sendAll(socket, new TextEncoder().encode(text)));
      const raw = terminal.onBinary((text) =>
        sendAll(
          socket,
          Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
        ),
      );
      socket.addEventListener("message", (event: MessageEvent<ArrayBuffer>) =>
        terminal.write(new Uint8Array(event.data)),
      );
      return () => {
        typed.dispose();
        raw.dispose();
      };
    },
    [terminal],
  );
  const connection = useConsole({ subscriptionId, machineId }, "serial", on && terminal !== null, attach);
  const open = connection.phase.name === "open";
  const paste = (text: string) => {
    setPasting(false);
    terminal?.paste(text);
    terminal?.focus();
  };
  return (
    <div className={styles.console}>
      <Toolbar
        className={styles.toolbar}
        size="small"
        aria-label={t("serial.toolbar")}
        checkedValues={{ aloud: aloud ? ["on"] : [] }}
      >
        {open ? (
          <ToolbarButton ref={leave} icon={<PlugDisconnectedRegular />} onClick={connection.disconnect}>
            {t("disconnect")}
          </ToolbarButton>
        ) : (
          <ToolbarButton
            icon={<PlugConnectedRegular />}
            disabled={!on || connection.phase.name === "opening"}
            onClick={connection.connect}
          >
            {t("connect")}
          </ToolbarButton>
        )}
        <ToolbarButton icon={<ClipboardPasteRegular />} disabled={!open} onClick={() => setPasting(true)}>
          {t("paste.open")}
        </ToolbarButton>
        <ToolbarButton icon={<EraserRegular />} onClick={() => terminal?.clear()}>
          {t("serial.clear")}
        </ToolbarButton>
        <ToolbarToggleButton name="aloud" value="on" icon={<SpeakerEditRegular />} onClick={() => setAloud(!aloud)}>
          {t("serial.screen_reader")}
        </ToolbarToggleButton>
      </Toolbar>
      <p id={hintId} className={styles.hint}>
        {t("serial.hint")}
      </p>
      {open ? null : <ConsoleStatus connection={connection} on={on} />}
      <div ref={target} className={mergeClasses(styles.terminal, !open && styles.hidden)} />
      <PasteDialog open={pasting} mountNode={null} onPaste={paste} onClose={() => setPasting(false)} />
    </div>
  );
}

function sendAll(socket: WebSocket, content: Uint8Array<ArrayBuffer>): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  for (let place = 0; place < content.length; place += MESSAGE_BYTES) {
    socket.send(content.slice(place, place + MESSAGE_BYTES));
  }
}

export default SerialConsole;
