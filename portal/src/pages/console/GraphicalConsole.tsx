/** A machine's screen, keyboard and mouse in the page. */
import {
  makeStyles,
  mergeClasses,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  tokens,
  Toolbar,
  ToolbarButton,
  ToolbarToggleButton,
} from "@fluentui/react-components";
import {
  CameraRegular,
  ClipboardPasteRegular,
  FullScreenMaximizeRegular,
  KeyboardRegular,
  PlugConnectedRegular,
  PlugDisconnectedRegular,
  ZoomFitRegular,
} from "@fluentui/react-icons";
import RFB from "@novnc/novnc";
import { useCallback, useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { ConsoleStatus } from "./ConsoleStatus";
import { letsGo } from "./keyboard";
import { PasteDialog } from "./PasteDialog";
import { saveAs } from "./saveAs";
import { typeInto } from "./typeInto";
import { useConsole } from "./useConsole";

const useStyles = makeStyles({
  console: {
    display: "flex",
    flexDirection: "column",
    gap: "8px",
    minWidth: 0,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  full: { padding: "8px", height: "100%", boxSizing: "border-box" },
  toolbar: {
    flexWrap: "wrap",
    padding: 0,
    "& button": { fontSize: tokens.fontSizeBase200, fontWeight: tokens.fontWeightRegular },
  },
  hint: { margin: 0, color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  screen: {
    height: "min(62vh, 720px)",
    minHeight: "240px",
    overflow: "hidden",
    borderRadius: tokens.borderRadiusMedium,
    border: `2px solid ${tokens.colorNeutralStroke1}`,
    backgroundColor: "#000",
    ":focus-within": { outline: `3px solid ${tokens.colorBrandStroke1}`, outlineOffset: "1px" },
  },
  fullScreen: { height: "auto", flexGrow: 1 },
  hidden: { display: "none" },
});

/** Keys that the browser or the desktop would keep for itself, as X11 names them. */
const COMBINATIONS: readonly (readonly [string, readonly (readonly [number, string])[]])[] = [
  [
    "Ctrl+Alt+F1",
    [
      [0xffe3, "ControlLeft"],
      [0xffe9, "AltLeft"],
      [0xffbe, "F1"],
    ],
  ],
  [
    "Ctrl+Alt+F2",
    [
      [0xffe3, "ControlLeft"],
      [0xffe9, "AltLeft"],
      [0xffbf, "F2"],
    ],
  ],
  [
    "Alt+Tab",
    [
      [0xffe9, "AltLeft"],
      [0xff09, "Tab"],
    ],
  ],
  [
    "Ctrl+Alt+G",
    [
      [0xffe3, "ControlLeft"],
      [0xffe9, "AltLeft"],
      [0x67, "KeyG"],
    ],
  ],
  ["Esc", [[0xff1b, "Escape"]]],
];
const MODIFIERS = [
  [0xffe3, "ControlLeft"],
  [0xffe4, "ControlRight"],
  [0xffe9, "AltLeft"],
  [0xffea, "AltRight"],
] as const;

export interface GraphicalConsoleProps {
  subscriptionId: string;
  machineId: string;
  /** The machine's name: what the screen is called. */
  name: string;
  /** Whether the machine is on. */
  on: boolean;
}

export function GraphicalConsole({ subscriptionId, machineId, name, on }: GraphicalConsoleProps) {
  const styles = useStyles();
  const { t } = useTranslation("console");
  const hintId = useId();
  const frame = useRef<HTMLDivElement>(null);
  const target = useRef<HTMLDivElement>(null);
  const leave = useRef<HTMLButtonElement>(null);
  const [screen, setScreen] = useState<RFB | null>(null);
  const [fit, setFit] = useState(true);
  const [full, setFull] = useState(false);
  const [pasting, setPasting] = useState(false);

  const attach = useCallback((socket: WebSocket) => {
    const element = target.current;
    if (element === null) return () => undefined;
    const rfb = new RFB(element, socket, { shared: true });
    rfb.background = "#000";
    const shown = () => setScreen(rfb);
    rfb.addEventListener("connect", shown);
    return () => {
      rfb.removeEventListener("connect", shown);
      setScreen((before) => (before === rfb ? null : before));
      if (socket.readyState <= WebSocket.OPEN) rfb.disconnect();
    };
  }, []);
  const connection = useConsole({ subscriptionId, machineId }, "graphical", on, attach);

  useEffect(() => {
    if (screen === null) return;
    screen.scaleViewport = fit;
    screen.clipViewport = !fit;
    screen.dragViewport = !fit;
  }, [screen, fit]);

  const label = t("graphical.screen", { name });
  useEffect(() => {
    const canvas = screen === null ? null : target.current?.querySelector("canvas");
    if (canvas === null || canvas === undefined) return;
    canvas.tabIndex = 0;
    // Tab is the guest's: Fluent's own keyboard navigation stays out.
    canvas.dataset["tabster"] = JSON.stringify({ focusable: { ignoreKeydown: { Tab: true } }, uncontrolled: {} });
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", label);
    canvas.setAttribute("aria-describedby", hintId);
  }, [screen, label, hintId]);

  useEffect(() => {
    const changed = () => setFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);

  const onKeyDownCapture = (event: KeyboardEvent) => {
    if (screen === null || !letsGo(event.nativeEvent)) return;
    event.preventDefault();
    event.stopPropagation();
    // The guest must not go on believing that the keys are held.
    for (const [keysym, code] of MODIFIERS) screen.sendKey(keysym, code, false);
    screen.viewOnly = true;
    screen.viewOnly = false;
    leave.current?.focus();
  };
  const press = (keys: readonly (readonly [number, string])[]) => {
    for (const [keysym, code] of keys) screen?.sendKey(keysym, code, true);
    for (const [keysym, code] of [...keys].reverse()) screen?.sendKey(keysym, code, false);
    screen?.focus();
  };
  const toggleFull = () =>
    void (full ? document.exitFullscreen() : frame.current?.requestFullscreen())?.catch(() => undefined);
  const keep = () =>
    screen?.toBlob((picture) => {
      if (picture !== null) saveAs(picture, `${name}.png`);
    });
  const paste = (text: string) => {
    setPasting(false);
    if (screen === null) return;
    screen.focus();
    void typeInto(screen, text);
  };
  const off = screen === null;
  return (
    <div ref={frame} className={mergeClasses(styles.console, full && styles.full)}>
      <Toolbar
        className={styles.toolbar}
        size="small"
        aria-label={t("graphical.toolbar")}
        checkedValues={{ fit: fit ? ["on"] : [], full: full ? ["on"] : [] }}
      >
        {off ? (
          <ToolbarButton
            icon={<PlugConnectedRegular />}
            disabled={!on || connection.phase.name === "opening"}
            onClick={connection.connect}
          >
            {t("connect")}
          </ToolbarButton>
        ) : (
          <ToolbarButton ref={leave} icon={<PlugDisconnectedRegular />} onClick={connection.disconnect}>
            {t("disconnect")}
          </ToolbarButton>
        )}
        <ToolbarButton
          disabled={off}
          onClick={() => {
            screen?.sendCtrlAltDel();
            screen?.focus();
          }}
        >
          Ctrl+Alt+Del
        </ToolbarButton>
        <Menu mountNode={frame.current}>
          <MenuTrigger disableButtonEnhancement>
            <ToolbarButton icon={<KeyboardRegular />} disabled={off}>
              {t("graphical.keys")}
            </ToolbarButton>
          </MenuTrigger>
          <MenuPopover>
            <MenuList>
              {COMBINATIONS.map(([title, keys]) => (
                <MenuItem key={title} onClick={() => press(keys)}>
                  {title}
                </MenuItem>
              ))}
            </MenuList>
          </MenuPopover>
        </Menu>
        <ToolbarButton icon={<ClipboardPasteRegular />} disabled={off} onClick={() => setPasting(true)}>
          {t("paste.open")}
        </ToolbarButton>
        <ToolbarToggleButton
          name="fit"
          value="on"
          icon={<ZoomFitRegular />}
          disabled={off}
          onClick={() => setFit(!fit)}
        >
          {t("graphical.fit")}
        </ToolbarToggleButton>
        <ToolbarToggleButton
          name="full"
          value="on"
          icon={<FullScreenMaximizeRegular />}
          disabled={off}
          onClick={toggleFull}
        >
          {t("graphical.full_screen")}
        </ToolbarToggleButton>
        <ToolbarButton icon={<CameraRegular />} disabled={off} onClick={keep}>
          {t("graphical.picture")}
        </ToolbarButton>
      </Toolbar>
      <p id={hintId} className={styles.hint}>
        {t("graphical.hint")}
      </p>
      {off ? <ConsoleStatus connection={connection} on={on} /> : null}
      {/* Every key goes to the guest, except the one that lets go of the keyboard. */}
      <div
        ref={target}
        className={mergeClasses(styles.screen, full && styles.fullScreen, off && styles.hidden)}
        role="presentation"
        onKeyDownCapture={onKeyDownCapture}
      />
      <PasteDialog open={pasting} mountNode={frame.current} onPaste={paste} onClose={() => setPasting(false)} />
    </div>
  );
}

export default GraphicalConsole;
