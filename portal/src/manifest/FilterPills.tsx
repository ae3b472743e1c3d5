/** The filters that are set, each as a pill that opens its editor, and a way to add one. */
import {
  Button,
  Checkbox,
  Field,
  Input,
  makeStyles,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Popover,
  PopoverSurface,
  PopoverTrigger,
  tokens,
} from "@fluentui/react-components";
import { DismissRegular, FilterAddRegular } from "@fluentui/react-icons";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { ListSearch } from "./odata";
import { OptionSelect } from "./OptionSelect";
import { useManifest } from "./portal";
import type { Texts } from "./texts";
import type { FilterManifest, ResourceManifest } from "./types";

const useStyles = makeStyles({
  pill: {
    display: "inline-flex",
    alignItems: "center",
    maxWidth: "100%",
    borderRadius: tokens.borderRadiusCircular,
    backgroundColor: tokens.colorBrandBackground2,
    color: tokens.colorBrandForeground2,
  },
  open: {
    minWidth: 0,
    maxWidth: "280px",
    paddingRight: "4px",
    fontWeight: tokens.fontWeightRegular,
    color: "inherit",
    borderRadius: tokens.borderRadiusCircular,
  },
  text: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  remove: { minWidth: "24px", color: "inherit", borderRadius: tokens.borderRadiusCircular },
  editor: {
    display: "flex",
    flexDirection: "column",
    gap: "8px",
    minWidth: "220px",
    maxHeight: "60vh",
    overflowY: "auto",
  },
});

export interface FilterPillsProps {
  manifest: ResourceManifest;
  texts: Texts;
  search: ListSearch;
  onSearch: (search: ListSearch) => void;
  values: Readonly<Record<string, unknown>>;
}

export function FilterPills({ manifest, texts, search, onSearch, values }: FilterPillsProps) {
  const { t } = useTranslation();
  const [added, setAdded] = useState<string | null>(null);
  const filters = manifest.filters ?? [];
  const chosen = search.f ?? {};
  const shown = filters.filter((filter) => (chosen[filter.field] ?? []).length > 0 || filter.field === added);
  const rest = filters.filter((filter) => !shown.includes(filter));
  const set = (field: string, next: string[]) => {
    const others = Object.entries(chosen).filter(([name]) => name !== field);
    const all = Object.fromEntries(next.length > 0 ? [...others, [field, next]] : others) as Record<string, string[]>;
    onSearch({ ...search, f: Object.keys(all).length > 0 ? all : undefined });
  };
  if (filters.length === 0) return null;
  return (
    <>
      {shown.map((filter) => (
        <Pill
          key={filter.field}
          filter={filter}
          texts={texts}
          chosen={chosen[filter.field] ?? []}
          open={filter.field === added}
          onOpen={(open) => setAdded(open ? filter.field : null)}
          onChange={(next) => set(filter.field, next)}
          values={values}
        />
      ))}
      {rest.length === 0 ? null : (
        <Menu>
          <MenuTrigger disableButtonEnhancement>
            <Button size="small" shape="circular" icon={<FilterAddRegular />}>
              {t("list.add_filter")}
            </Button>
          </MenuTrigger>
          <MenuPopover>
            <MenuList>
              {rest.map((filter) => (
                <MenuItem key={filter.field} onClick={() => window.setTimeout(() => setAdded(filter.field))}>
                  {texts.field(filter.field)}
                </MenuItem>
              ))}
            </MenuList>
          </MenuPopover>
        </Menu>
      )}
    </>
  );
}

interface PillProps {
  filter: FilterManifest;
  texts: Texts;
  chosen: string[];
  open: boolean;
  onOpen: (open: boolean) => void;
  onChange: (chosen: string[]) => void;
  values: Readonly<Record<string, unknown>>;
}

function Pill({ filter, texts, chosen, open: isNew, onOpen, onChange, values }: PillProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const title = texts.field(filter.field);
  const summary = chosen.map((value) => optionText(filter, value, texts)).join(", ");
  const open = (next: boolean) => {
    setOpened(next);
    onOpen(next && chosen.length === 0);
  };
  return (
    <span className={styles.pill}>
      <Popover open={opened || isNew} onOpenChange={(_, data) => open(data.open)} trapFocus>
        <PopoverTrigger disableButtonEnhancement>
          <Button size="small" appearance="transparent" className={styles.open}>
            <span className={styles.text}>{summary === "" ? title : `${title}: ${summary}`}</span>
          </Button>
        </PopoverTrigger>
        <PopoverSurface aria-label={title}>
          <div className={styles.editor}>
            <Editor filter={filter} texts={texts} chosen={chosen} onChange={onChange} values={values} />
            <div>
              <Button size="small" onClick={() => open(false)}>
                {t("close")}
              </Button>
            </div>
          </div>
        </PopoverSurface>
      </Popover>
      <Button
        size="small"
        appearance="transparent"
        className={styles.remove}
        icon={<DismissRegular />}
        aria-label={t("list.remove_filter", { name: title })}
        onClick={() => {
          onOpen(false);
          onChange([]);
        }}
      />
    </span>
  );
}

/** What a pill says of one chosen value. */
function optionText(filter: FilterManifest, value: string, texts: Texts): string {
  switch (filter.kind) {
    case "enum":
      return texts.state(filter.field, value);
    case "boolean":
      return texts.text(value === "true" ? "yes" : "no");
    case "number":
    case "date": {
      const [operator = "", rest = ""] = value.split(":");
      return `${operator === "ge" ? "≥" : operator === "le" ? "≤" : "="} ${rest}`;
    }
    default:
      return value;
  }
}

function Editor({ filter, texts, chosen, onChange, values }: Omit<PillProps, "open" | "onOpen">) {
  switch (filter.kind) {
    case "enum":
    case "boolean": {
      const options = filter.kind === "enum" ? filter.options : ["true", "false"];
      const toggle = (option: string, on: boolean) =>
        onChange(on ? [...chosen, option] : chosen.filter((one) => one !== option));
      return options.map((option) => (
        <Checkbox
          key={option}
          label={optionText(filter, option, texts)}
          checked={chosen.includes(option)}
          onChange={(_, data) => toggle(option, data.checked === true)}
        />
      ));
    }
    case "tags":
      return <TextEditor label={texts.text("tags.filter")} value={chosen[0] ?? ""} onChange={onChange} />;
    case "text":
      return (
        <TextEditor
          label={texts.text("list.contains", { field: texts.field(filter.field) })}
          value={chosen[0] ?? ""}
          onChange={onChange}
        />
      );
    case "number":
    case "date":
      return <RangeEditor kind={filter.kind} chosen={chosen} onChange={onChange} />;
    case "reference":
      return <ReferenceEditor filter={filter} texts={texts} chosen={chosen} onChange={onChange} values={values} />;
  }
}

function TextEditor({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (chosen: string[]) => void;
}) {
  const [typed, setTyped] = useState(value);
  return (
    <Field label={label}>
      <Input
        value={typed}
        onChange={(_, data) => {
          setTyped(data.value);
          onChange(data.value === "" ? [] : [data.value]);
        }}
      />
    </Field>
  );
}

function RangeEditor(props: { kind: "number" | "date"; chosen: string[]; onChange: (chosen: string[]) => void }) {
  const { t } = useTranslation();
  const { kind, chosen, onChange } = props;
  const valueOf = (operator: string) =>
    chosen.find((one) => one.startsWith(`${operator}:`))?.slice(operator.length + 1) ?? "";
  const set = (operator: string, value: string) => {
    const others = chosen.filter((one) => !one.startsWith(`${operator}:`));
    onChange(value === "" ? others : [...others, `${operator}:${value}`]);
  };
  return (["ge", "le"] as const).map((operator) => (
    <Field key={operator} label={t(`list.${operator}_${kind}`)}>
      <Input type={kind} value={valueOf(operator)} onChange={(_, data) => set(operator, data.value)} />
    </Field>
  ));
}

function ReferenceEditor({ filter, texts, chosen, onChange, values }: Omit<PillProps, "open" | "onOpen">) {
  const reference = filter.kind === "reference" ? filter.reference.type : "";
  const manifest = useManifest(reference);
  if (manifest === null) return null;
  return (
    <OptionSelect
      source={{ path: manifest.paths.list, queryable: manifest.queryable ?? true }}
      multiple
      value={chosen}
      onValue={(value) => onChange(value as string[])}
      values={values}
      texts={texts}
    />
  );
}
