/** A form's state: what is filled in, and what is wrong, found here or told by the server. */
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { fieldErrors, problemOf } from "@/api/problem";
import { usePortal } from "./portal";
import type { FormValues, InputManifest } from "./types";
import { boundsOf, formFaults, initialValues } from "./validation";

export function useForm(inputs: readonly InputManifest[], bodySchema: string | undefined, start: FormValues = {}) {
  const { face } = usePortal();
  const { t } = useTranslation();
  const [values, setValues] = useState<FormValues>(() => ({ ...initialValues(inputs), ...start }));
  const [chosen, setChosen] = useState<Record<string, unknown>>({});
  const [checked, setChecked] = useState<ReadonlySet<string>>(new Set());
  const [told, setTold] = useState<Record<string, string>>({});
  const bounds = boundsOf(face, bodySchema);
  const found = formFaults(inputs, values, bounds);
  const sentences = Object.fromEntries(
    Object.entries(found).map(([path, fault]) => [path, t(fault.key, fault.values ?? {})]),
  );
  const shown = Object.fromEntries(Object.entries(sentences).filter(([path]) => checked.has(path)));
  return {
    values,
    bounds,
    chosen,
    /** Everything that is wrong, shown or not. */
    faults: sentences,
    /** What is shown as wrong: not before somebody has tried to go on. */
    shownFaults: { ...told, ...shown },
    change: (next: FormValues) => {
      setValues(next);
      setTold({});
    },
    choose: (name: string, resource: unknown) => setChosen((known) => ({ ...known, [name]: resource })),
    /** Show what is wrong with some inputs; tells whether nothing is. */
    check: (some: readonly InputManifest[]): boolean => {
      const wrong = Object.keys(formFaults(some, values, bounds));
      setChecked(new Set([...checked, ...wrong]));
      return wrong.length === 0;
    },
    /** Point at what the server found wrong. */
    tellServer: (error: unknown) => setTold(fieldErrors(problemOf(error))),
  };
}

export type Form = ReturnType<typeof useForm>;
