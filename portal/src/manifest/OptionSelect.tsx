/** Chooses from a collection of the API. What is typed is searched for on the server; nothing loads it as a whole. */
import { Combobox, makeStyles, Option, Tag, TagGroup, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { call, fillPath } from "@/api/transport";
import type { Page, Resource } from "@/api/wire";
import type { Texts } from "./texts";
import type { OptionSource } from "./types";
import { formatValue, valueAt } from "./values";

const SHOWN = 50;
const SEARCH_DELAY_MS = 200;

const useStyles = makeStyles({
  whole: { width: "100%", minWidth: 0 },
  detail: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  option: { display: "flex", flexDirection: "column", minWidth: 0 },
  tags: { flexWrap: "wrap", marginTop: "4px" },
});

export interface OptionSelectProps {
  source: OptionSource;
  multiple: boolean;
  value: unknown;
  onValue: (value: unknown) => void;
  values: Readonly<Record<string, unknown>>;
  texts: Texts;
  placeholder?: string;
  /** Told about what was chosen, as a whole resource (a list of them when several can be). */
  onChosen?: (chosen: unknown) => void;
}

export function useOptions(source: OptionSource, values: Readonly<Record<string, unknown>>, typed: string) {
  const path = filledPath(source.path, values);
  const query =
    source.queryable === false
      ? {}
      : { $top: SHOWN, ...(source.filter ? { $filter: source.filter } : {}), ...(typed ? { $search: typed } : {}) };
  return useQuery({
    queryKey: ["options", path, query],
    queryFn: async ({ signal }) => (await call<Page<Resource>>("GET", path ?? "", { query, signal })).body.value,
    enabled: path !== null,
    staleTime: 10_000,
    placeholderData: (previous) => previous,
  });
}

/** The path with its braces filled; null while the form lacks what belongs into them. */
function filledPath(template: string, values: Readonly<Record<string, unknown>>): string | null {
  try {
    return fillPath(template, values);
  } catch {
    return null;
  }
}

export function OptionSelect({ source, multiple, value, onValue, texts, onChosen, ...props }: OptionSelectProps) {
  const styles = useStyles();
  const { values, placeholder = "", ...control } = props;
  const [text, setText] = useState("");
  const [typed, setTyped] = useState(false);
  const search = useDelayed(typed ? text.trim() : "");
  const options = useOptions(source, values, search);
  const [known, setKnown] = useState<Record<string, Resource>>({});
  const valueField = source.valueField ?? "id";
  const titleOf = (resource: Resource) =>
    formatValue("text", valueAt(resource, source.titleField ?? "name"), texts.language);
  const keyOf = (resource: Resource) => String(valueAt(resource, valueField));
  const all = { ...known, ...Object.fromEntries((options.data ?? []).map((one) => [keyOf(one), one])) };
  const selected = multiple ? ((value as string[] | undefined) ?? []) : typeof value === "string" ? [value] : [];
  const choose = (keys: string[]) => {
    setKnown(Object.fromEntries(keys.flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]]]))));
    onValue(multiple ? keys : keys[0]);
    const chosen = keys.map((key) => all[key]);
    onChosen?.(multiple ? chosen : chosen[0]);
  };
  const first = selected[0] === undefined ? undefined : all[selected[0]];
  const shownText = typed || multiple ? text : first === undefined ? (selected[0] ?? "") : titleOf(first);
  return (
    <div className={styles.whole}>
      <Combobox
        {...control}
        className={styles.whole}
        multiselect={multiple}
        placeholder={placeholder}
        value={shownText}
        selectedOptions={selected}
        onChange={(event) => {
          setTyped(true);
          setText(event.target.value);
        }}
        onOptionSelect={(_, data) => {
          setTyped(false);
          setText("");
          choose(data.selectedOptions);
        }}
        onBlur={() => {
          setTyped(false);
          setText("");
        }}
      >
        {(options.data ?? []).map((resource) => (
          <Option key={keyOf(resource)} value={keyOf(resource)} text={titleOf(resource)}>
            <span className={styles.option}>
              <span>{titleOf(resource)}</span>
              <Details source={source} resource={resource} texts={texts} />
            </span>
          </Option>
        ))}
        {options.data?.length === 0 ? (
          <Option key="none" disabled text="">
            {texts.text("form.no_options")}
          </Option>
        ) : null}
      </Combobox>
      {multiple && selected.length > 0 ? (
        <TagGroup
          className={styles.tags}
          size="small"
          onDismiss={(_, data) => choose(selected.filter((key) => key !== data.value))}
          aria-label={texts.text("form.chosen")}
        >
          {selected.map((key) => (
            <Tag key={key} value={key} dismissible>
              {all[key] === undefined ? key : titleOf(all[key])}
            </Tag>
          ))}
        </TagGroup>
      ) : null}
    </div>
  );
}

function Details({ source, resource, texts }: { source: OptionSource; resource: Resource; texts: Texts }) {
  const styles = useStyles();
  const parts = (source.detailFields ?? []).map((field) => {
    const value = formatValue(field.kind, valueAt(resource, field.field), texts.language);
    return value === "" ? null : `${texts.field(field.field)}: ${value}`;
  });
  const text = parts.filter(Boolean).join(" · ");
  return text === "" ? null : <span className={styles.detail}>{text}</span>;
}

/** The title of an option that has been chosen: what `value` stands for. */
export function OptionTitle(props: {
  source: OptionSource;
  value: unknown;
  values: Readonly<Record<string, unknown>>;
  texts: Texts;
}) {
  const { source, value, values, texts } = props;
  const options = useOptions(source, values, "");
  const wanted: unknown[] = Array.isArray(value) ? value : [value];
  const titles = wanted.map((one) => {
    const found = options.data?.find((option) => valueAt(option, source.valueField ?? "id") === one);
    const title = found === undefined ? one : valueAt(found, source.titleField ?? "name");
    return formatValue("text", title, texts.language);
  });
  return <>{titles.join(", ")}</>;
}

function useDelayed(text: string): string {
  const [delayed, setDelayed] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setDelayed(text), SEARCH_DELAY_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return delayed;
}
