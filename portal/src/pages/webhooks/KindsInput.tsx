/** Kinds of events, one to a line. */
import { Textarea } from "@fluentui/react-components";
import { useState } from "react";

import type { InputProps } from "@/manifest/types";

export default function KindsInput({ value, onChange, id, label }: InputProps) {
  const [text, setText] = useState(Array.isArray(value) ? value.join("\n") : "");
  return (
    <Textarea
      id={id}
      aria-label={label}
      value={text}
      rows={3}
      onChange={(_, data) => {
        setText(data.value);
        const kinds = data.value.split(/[\s,]+/).filter((kind) => kind !== "");
        onChange(kinds.length === 0 ? undefined : kinds);
      }}
    />
  );
}
