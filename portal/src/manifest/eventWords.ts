/** Events in words. */
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { deedText, type Translate } from "./texts";

/** Return what says an event's kind, such as `virtual_machine.created`, in the reader's language. */
export function useEventWords(): (kind: string) => string {
  const { t } = useTranslation("events");
  return useCallback((kind) => deedText(kind, t as Translate), [t]);
}
