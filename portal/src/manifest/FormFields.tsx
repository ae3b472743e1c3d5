/** A form's fields, rendered from the manifest: each with its title, help beside it, and what is wrong with it. */
import {
  Button,
  Field,
  InfoLabel,
  Input,
  Label,
  makeStyles,
  Radio,
  RadioGroup,
  SpinButton,
  Switch,
  Textarea,
  tokens,
} from "@fluentui/react-components";
import { AddRegular, DeleteRegular } from "@fluentui/react-icons";
import { lazy, Suspense, useId, useMemo } from "react";

import { OptionSelect } from "./OptionSelect";
import type { Texts } from "./texts";
import type { ComponentLoader, FormValues, InputManifest, InputProps } from "./types";
import { inputBounds, type Bounds } from "./validation";
import { failedCondition } from "./values";

const useStyles = makeStyles({
  fields: { display: "flex", flexDirection: "column", gap: "16px", maxWidth: "640px" },
  group: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    padding: "12px",
    display: "flex",
    flexDirection: "column",
    gap: "12px",
    margin: 0,
    minWidth: 0,
  },
  legend: { fontWeight: tokens.fontWeightSemibold, padding: "0 4px" },
  groupHead: { display: "flex", justifyContent: "space-between", alignItems: "center" },
  component: { display: "flex", flexDirection: "column", gap: "4px", minWidth: 0 },
  fault: { margin: 0, color: tokens.colorPaletteRedForeground1, fontSize: tokens.fontSizeBase200 },
  code: { fontFamily: tokens.fontFamilyMonospace },
  inline: { display: "flex", flexWrap: "wrap", gap: "0 8px" },
});

export interface FormFieldsProps {
  inputs: readonly InputManifest[];
  values: FormValues;
  onChange: (values: FormValues) => void;
  /** What is wrong, by the path of the field. */
  faults: Readonly<Record<string, string>>;
  texts: Texts;
  /** What paths of options are filled with, beside the form itself. */
  context: Readonly<Record<string, unknown>>;
  bounds?: Record<string, Bounds>;
  /** Told about the resource that was chosen in a select. */
  onChosen?: (name: string, chosen: unknown) => void;
  /** Path of these fields within the form. */
  prefix?: string;
}

export function FormFields(props: FormFieldsProps) {
  const styles = useStyles();
  const shown = props.inputs.filter((input) => failedCondition(props.values, input.when) === null);
  return (
    <div className={styles.fields}>
      {shown.map((input) => (
        <FormField key={input.name} input={input} {...props} />
      ))}
    </div>
  );
}

function FormField({ input, ...form }: FormFieldsProps & { input: InputManifest }) {
  const styles = useStyles();
  const { texts, prefix = "" } = form;
  const path = prefix + input.name;
  const id = useId();
  const bounds = inputBounds(input, form.bounds ?? {});
  const title = texts.maybe(`inputs.${input.name}.title`) ?? texts.field(input.name);
  const help = texts.maybe(`inputs.${input.name}.help`);
  const value = form.values[input.name];
  const set = (next: unknown) => form.onChange({ ...form.values, [input.name]: next });
  if (input.kind === "group") return <Group input={input} title={title} {...form} path={path} />;
  if (input.kind === "component") {
    const fault = form.faults[path];
    const required = input.required ?? bounds.required ?? false;
    // Not a `Field`: that would give its label to every control within.
    return (
      <div className={styles.component}>
        {help === null ? (
          <Label required={required}>{title}</Label>
        ) : (
          <InfoLabel info={help} required={required}>
            {title}
          </InfoLabel>
        )}
        <ComponentInput
          loader={input.component}
          value={value}
          onChange={set}
          values={form.values}
          error={fault ?? null}
          id={id}
          label={title}
          onChosen={(chosen) => form.onChosen?.(input.name, chosen)}
        />
        {fault === undefined ? null : (
          <p className={styles.fault} role="alert">
            {fault}
          </p>
        )}
      </div>
    );
  }
  const required = input.required ?? bounds.required ?? false;
  return (
    <Field
      label={help === null ? title : { children: <InfoLabel info={help}>{title}</InfoLabel> }}
      required={required && input.kind !== "switch"}
      {...(form.faults[path] === undefined ? {} : { validationMessage: form.faults[path] })}
    >
      {(control) => <Control input={input} value={value} set={set} bounds={bounds} control={control} form={form} />}
    </Field>
  );
}

interface ControlProps {
  input: Exclude<InputManifest, { kind: "group" } | { kind: "component" }>;
  value: unknown;
  set: (value: unknown) => void;
  bounds: Bounds;
  control: object;
  form: FormFieldsProps;
}

function Control({ input, value, set, bounds, control, form }: ControlProps) {
  const styles = useStyles();
  const text = typeof value === "string" ? value : "";
  const placeholder = form.texts.maybe(`inputs.${input.name}.placeholder`) ?? "";
  switch (input.kind) {
    case "text":
      return (
        <Input
          {...control}
          name={input.name}
          value={text}
          placeholder={placeholder}
          type={input.secret === true ? "password" : "text"}
          autoComplete={input.secret === true ? "new-password" : "off"}
          spellCheck={false}
          onChange={(_, data) => set(data.value)}
        />
      );
    case "number":
      return <NumberInput control={control} value={value} set={set} bounds={bounds} unit={input.unit} />;
    case "code":
      return (
        <Textarea
          {...control}
          name={input.name}
          value={text}
          placeholder={placeholder}
          resize="vertical"
          spellCheck={false}
          textarea={{ className: styles.code, rows: input.rows ?? 8 }}
          onChange={(_, data) => set(data.value)}
        />
      );
    case "switch":
      return <Switch {...control} checked={value === true} onChange={(_, data) => set(data.checked)} />;
    case "choice":
      return (
        <RadioGroup {...control} className={styles.inline} value={text} onChange={(_, data) => set(data.value)}>
          {input.options.map((option) => (
            <Radio key={option} value={option} label={form.texts.state(input.name, option)} />
          ))}
        </RadioGroup>
      );
    case "select":
      return (
        <OptionSelect
          {...control}
          source={input}
          multiple={input.multiple === true}
          value={value}
          onValue={set}
          values={{ ...form.context, ...form.values }}
          texts={form.texts}
          placeholder={placeholder}
          onChosen={(chosen) => form.onChosen?.(input.name, chosen)}
        />
      );
  }
}

function NumberInput(props: {
  control: object;
  value: unknown;
  set: (value: unknown) => void;
  bounds: Bounds;
  unit?: string | undefined;
}) {
  const { value, set, bounds, unit } = props;
  const number = typeof value === "number" ? value : null;
  const shown = number === null ? "" : `${number}${unit === undefined ? "" : ` ${unit}`}`;
  return (
    <SpinButton
      {...props.control}
      value={number}
      displayValue={shown}
      {...(bounds.minimum === undefined ? {} : { min: bounds.minimum })}
      {...(bounds.maximum === undefined ? {} : { max: bounds.maximum })}
      onChange={(_, data) => {
        if (data.value !== undefined && data.value !== null) set(data.value);
        else set(numberIn(data.displayValue ?? ""));
      }}
    />
  );
}

/** Read the number out of what was typed, unit or not; undefined when there is none. */
function numberIn(text: string): number | undefined {
  const found = /-?\d+([.]\d+)?/.exec(text);
  return found === null ? undefined : Number(found[0]);
}

function ComponentInput({ loader, ...props }: InputProps & { loader: ComponentLoader<InputProps> }) {
  const Component = useMemo(() => lazy(loader), [loader]);
  return (
    <Suspense fallback={null}>
      <Component {...props} />
    </Suspense>
  );
}

type GroupInput = Extract<InputManifest, { kind: "group" }>;

function Group({ input, title, path, ...form }: FormFieldsProps & { input: GroupInput; title: string; path: string }) {
  const styles = useStyles();
  const { texts } = form;
  const bounds = inputBounds(input, form.bounds ?? {});
  const items = (form.values[input.name] as FormValues[] | undefined) ?? [];
  const set = (next: FormValues[]) => form.onChange({ ...form.values, [input.name]: next });
  const help = texts.maybe(`inputs.${input.name}.help`);
  const remove = texts.text("form.remove");
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>{help === null ? title : <InfoLabel info={help}>{title}</InfoLabel>}</legend>
      {items.map((item, index) => (
        <div key={index}>
          <div className={styles.groupHead}>
            <span>{`${texts.text(`inputs.${input.name}.item`)} ${index + 1}`}</span>
            <Button
              size="small"
              appearance="subtle"
              icon={<DeleteRegular />}
              aria-label={`${remove}: ${texts.text(`inputs.${input.name}.item`)} ${index + 1}`}
              onClick={() => set(items.filter((_, place) => place !== index))}
            />
          </div>
          <FormFields
            inputs={input.fields}
            values={item}
            onChange={(next) => set(items.with(index, next))}
            faults={form.faults}
            texts={texts}
            context={{ ...form.context, ...form.values }}
            prefix={`${path}[${index}].`}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon={<AddRegular />}
          disabled={items.length >= (bounds.maxItems ?? Infinity)}
          onClick={() => set([...items, {}])}
        >
          {texts.text(`inputs.${input.name}.add`)}
        </Button>
      </div>
    </fieldset>
  );
}
