/**
 * Search and commands in one dialog: `/` and Ctrl+K open it from anywhere. What is typed finds resources by name, id,
 * address or tag (on the server) and commands by their title (here).
 */
import { Button, Dialog, DialogSurface, Input, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { SearchRegular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useId, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { call } from "@/api/transport";
import type { Page } from "@/api/wire";
import { itemAddress } from "@/manifest/addresses";
import { usePortal } from "@/manifest/portal";
import { useCommands } from "./commands";
import { ICONS, type IconName } from "./icons";

const SHOWN_COMMANDS = 8;
const HITS = 15;
const SEARCH_DELAY_MS = 150;

const useStyles = makeStyles({
  button: {
    justifyContent: "flex-start",
    width: "360px",
    fontWeight: tokens.fontWeightRegular,
    backgroundColor: "rgba(255,255,255,.12)",
    "@media (max-width: 960px)": { width: "auto", backgroundColor: "transparent" },
  },
  words: { flexGrow: 1, textAlign: "left", "@media (max-width: 960px)": { display: "none" } },
  key: {
    padding: "0 6px",
    border: "1px solid rgba(255,255,255,.5)",
    borderRadius: tokens.borderRadiusSmall,
    fontSize: tokens.fontSizeBase200,
    "@media (max-width: 960px)": { display: "none" },
  },
  surface: {
    padding: "12px",
    maxWidth: "640px",
    width: "calc(100vw - 24px)",
    marginTop: "64px",
    maxHeight: "min(640px, calc(100dvh - 96px))",
    display: "flex",
    flexDirection: "column",
  },
  input: { width: "100%", flexShrink: 0 },
  list: { margin: "8px 0 0", overflowY: "auto", minHeight: 0 },
  group: {
    padding: "8px 8px 2px",
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground3,
  },
  entry: {
    display: "flex",
    alignItems: "center",
    gap: "12px",
    padding: "8px",
    borderRadius: tokens.borderRadiusMedium,
    cursor: "pointer",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  current: { backgroundColor: tokens.colorNeutralBackground1Selected },
  icon: { fontSize: "20px", flexShrink: 0, color: tokens.colorBrandForeground1 },
  what: { minWidth: 0 },
  line: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  detail: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  hint: { padding: "12px 8px", color: tokens.colorNeutralForeground3 },
});

interface Hit {
  resource_type: string;
  id: string;
  name: string;
  subscription_id: string | null;
  subscription_name: string | null;
  detail: string;
}

interface Entry {
  key: string;
  title: string;
  detail: string;
  icon: IconName;
  run: () => void;
}

export function SearchButton({ buttonClass }: { buttonClass: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useOpeningKeys(() => setOpen(true));
  return (
    <>
      <Button
        appearance="transparent"
        className={mergeClasses(buttonClass, styles.button)}
        icon={<SearchRegular />}
        aria-label={t("search.title")}
        aria-keyshortcuts="/ Control+K"
        onClick={() => setOpen(true)}
      >
        <span className={styles.words}>{t("search.open")}</span>
        <kbd className={styles.key}>/</kbd>
      </Button>
      {open ? <CommandDialog onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** `/` outside of fields, and Ctrl+K or ⌘K anywhere. */
function useOpeningKeys(open: () => void): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const typing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT|CANVAS)$/.test(target.tagName);
      const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
      const palette =
        event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && target.tagName !== "CANVAS";
      if (!slash && !palette) return;
      event.preventDefault();
      open();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });
}

function CommandDialog({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const listId = useId();
  const [typed, setTyped] = useState("");
  const [place, setPlace] = useState(0);
  const commands = useFoundCommands(typed);
  const hits = useHits(typed);
  const entries = [...hits.entries, ...commands];
  const current = Math.min(place, entries.length - 1);
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setPlace((current + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(entries[current]);
    }
  };
  const group = (title: string, some: readonly Entry[], offset: number) =>
    some.length === 0 ? null : (
      <>
        <div className={styles.group} role="presentation">
          {title}
        </div>
        {some.map((entry, index) => (
          <EntryLine
            key={entry.key}
            id={`${listId}-${offset + index}`}
            entry={entry}
            current={offset + index === current}
            onRun={() => run(entry)}
          />
        ))}
      </>
    );
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className={styles.surface} aria-label={t("search.title")}>
        <Input
          className={styles.input}
          size="large"
          contentBefore={<SearchRegular />}
          value={typed}
          placeholder={t("search.placeholder")}
          aria-label={t("search.title")}
          role="combobox"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={entries.length === 0 ? undefined : `${listId}-${current}`}
          autoComplete="off"
          onChange={(_, data) => {
            setTyped(data.value);
            setPlace(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div className={styles.list} role="listbox" id={listId} aria-label={t("search.title")}>
          {group(t("search.results"), hits.entries, 0)}
          {group(t("search.commands"), commands, hits.entries.length)}
        </div>
        <div className={styles.hint} role="status">
          {typed.trim() === "" ? t("search.hint") : entries.length === 0 && !hits.busy ? t("search.nothing") : ""}
        </div>
      </DialogSurface>
    </Dialog>
  );
}

interface EntryLineProps {
  id: string;
  entry: Entry;
  current: boolean;
  onRun: () => void;
}

function EntryLine({ id, entry, current, onRun }: EntryLineProps) {
  const styles = useStyles();
  const Icon = ICONS[entry.icon];
  useEffect(() => {
    if (current) document.getElementById(id)?.scrollIntoView({ block: "nearest" });
  }, [current, id]);
  return (
    // The field above has the keyboard: it moves through the options and runs them.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={current}
      className={mergeClasses(styles.entry, current && styles.current)}
      onClick={onRun}
    >
      <Icon className={styles.icon} aria-hidden />
      <span className={styles.what}>
        <div className={styles.line}>{entry.title}</div>
        {entry.detail === "" ? null : <div className={mergeClasses(styles.line, styles.detail)}>{entry.detail}</div>}
      </span>
    </div>
  );
}

function useFoundCommands(typed: string): Entry[] {
  const commands = useCommands();
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return commands
    .filter((command) => words.every((word) => command.title.toLowerCase().includes(word)))
    .slice(0, SHOWN_COMMANDS)
    .map((command) => ({ ...command, detail: "" }));
}

function useHits(typed: string): { entries: Entry[]; busy: boolean } {
  const portal = usePortal();
  const navigate = useNavigate();
  const { t } = useTranslation(["frame", ...portal.resources.map((one) => one.namespace)]);
  const text = useDelayed(typed.trim());
  const found = useQuery({
    queryKey: ["search", text],
    queryFn: async ({ signal }) =>
      (await call<Page<Hit>>("GET", "/search", { query: { q: text, $top: HITS }, signal })).body.value,
    enabled: text !== "",
    placeholderData: (previous) => previous,
  });
  const hits = text === "" ? [] : (found.data ?? []);
  const entries = hits.flatMap((hit): Entry[] => {
    const manifest = portal.resources.find((one) => one.type === hit.resource_type);
    if (manifest?.paths.item === undefined) return [];
    const to = itemAddress(manifest, { id: hit.id, subscription_id: hit.subscription_id });
    const kind = t(`${manifest.namespace}:singular`);
    return [
      {
        key: `${hit.resource_type} ${hit.id}`,
        title: hit.name,
        detail: [kind, hit.subscription_name, hit.detail].filter(Boolean).join(" · "),
        icon: manifest.icon,
        run: () => void navigate({ to }),
      },
    ];
  });
  return { entries, busy: found.isFetching || text !== typed.trim() };
}

function useDelayed(text: string): string {
  const [delayed, setDelayed] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setDelayed(text), SEARCH_DELAY_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return delayed;
}
