/** Events in words. */
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

/** Return what says an event's kind, such as `virtual_machine.created`, in the reader's language. */
export function useEventWords(): (kind: string) => string {
  const { t } = useTranslation("events");
  return useCallback(
    (kind) => {
      const [noun = "", verb = ""] = kind.split(".");
      return t("event", {
        noun: t(`nouns.${noun}`, { defaultValue: noun.replaceAll("_", " ") }),
        verb: t(`verbs.${verb}`, { defaultValue: verb.replaceAll("_", " ") }),
      });
    },
    [t],
  );
}
