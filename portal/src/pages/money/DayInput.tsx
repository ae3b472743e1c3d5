/** A day, as the instant at which it begins in UTC: prices, discounts and credits change with full hours. */
import { Input } from "@fluentui/react-components";

import type { InputProps } from "@/manifest/types";

export default function DayInput({ value, onChange, id, label }: InputProps) {
  const day = typeof value === "string" ? value.slice(0, 10) : "";
  return (
    <Input
      id={id}
      aria-label={label}
      type="date"
      value={day}
      onChange={(_, data) => onChange(data.value === "" ? undefined : instantOf(data.value))}
    />
  );
}

/** The first instant of a day such as `2026-12-01`. */
export function instantOf(day: string): string {
  return `${day}T00:00:00Z`;
}
