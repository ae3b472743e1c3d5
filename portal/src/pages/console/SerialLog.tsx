/** What a machine has written to its serial port, also while nobody looked. */
import { Button, makeStyles, Switch, tokens } from "@fluentui/react-components";
import { ArrowClockwiseRegular, ArrowDownloadRegular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { keys } from "@/api/keys";
import { call } from "@/api/transport";
import { formatBytes } from "@/manifest/values";
import { ProblemMessage } from "@/shell/ProblemMessage";
import { saveAs } from "./saveAs";
import { plainText } from "./plainText";

const useStyles = makeStyles({
  room: { display: "flex", flexDirection: "column", gap: "8px", minWidth: 0 },
  bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: "8px" },
  size: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  log: {
    margin: 0,
    padding: "8px",
    height: "min(60vh, 480px)",
    overflow: "auto",
    whiteSpace: "pre-wrap",
    overflowWrap: "anywhere",
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
  },
});

interface Piece {
  text: string;
  offset: number;
  next_offset: number;
  size: number;
}

/** How often the log is read while it is followed. Nothing tells the portal that a guest wrote. */
const INTERVAL_MS = 5_000;
const AT_ONCE = 2 ** 20;
/** The most that is downloaded; hosts keep less. */
const MOST_PIECES = 64;

export interface SerialLogProps {
  subscriptionId: string;
  machineId: string;
  name: string;
}

export function SerialLog({ subscriptionId, machineId, name }: SerialLogProps) {
  const styles = useStyles();
  const { t, i18n } = useTranslation("console");
  const [follow, setFollow] = useState(true);
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const box = useRef<HTMLPreElement>(null);
  const path = `/subscriptions/${subscriptionId}/virtual-machines/${machineId}/serial-log`;
  const log = useQuery({
    queryKey: keys.facet("virtual_machine", machineId, "serial-log"),
    queryFn: async ({ signal }) => (await call<Piece>("GET", path, { signal })).body,
    refetchInterval: follow ? INTERVAL_MS : false,
  });
  const text = log.data === undefined ? "" : plainText(log.data.text);
  useEffect(() => {
    if (follow && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, text]);
  const download = async () => {
    setSaving(true);
    setFailure(null);
    try {
      saveAs(new Blob(await wholeLog(path), { type: "text/plain" }), `${name}-serial.log`);
    } catch (error) {
      setFailure(error);
    } finally {
      setSaving(false);
    }
  };
  return (
    <div className={styles.room}>
      <div className={styles.bar}>
        <Switch checked={follow} label={t("log.follow")} onChange={(_, data) => setFollow(data.checked)} />
        <Button size="small" icon={<ArrowClockwiseRegular />} onClick={() => void log.refetch()}>
          {t("log.refresh")}
        </Button>
        <Button size="small" icon={<ArrowDownloadRegular />} disabledFocusable={saving} onClick={() => void download()}>
          {t("log.download")}
        </Button>
        {log.data === undefined ? null : (
          <span className={styles.size}>
            {t(log.data.offset > 0 ? "log.end_of" : "log.all_of", { size: formatBytes(log.data.size, i18n.language) })}
          </span>
        )}
      </div>
      <ProblemMessage error={failure ?? log.error} onRetry={() => void log.refetch()} />
      {/* A box that scrolls must be reachable by the keyboard to be scrolled by it. */}
      {/* eslint-disable jsx-a11y/no-noninteractive-tabindex */}
      <pre
        ref={box}
        className={styles.log}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={t("log.label", { name })}
      >
        {text === "" && log.data !== undefined ? t("log.empty") : text}
      </pre>
      {/* eslint-enable jsx-a11y/no-noninteractive-tabindex */}
    </div>
  );
}

/** Read everything that there is, a piece at a time. */
async function wholeLog(path: string): Promise<string[]> {
  const pieces: string[] = [];
  let offset = 0;
  while (pieces.length < MOST_PIECES) {
    const { body } = await call<Piece>("GET", path, { query: { offset, limit: AT_ONCE } });
    pieces.push(body.text);
    if (body.next_offset >= body.size || body.next_offset <= offset) break;
    offset = body.next_offset;
  }
  return pieces;
}

export default SerialLog;
