/** What a dimension of a quota is called. */
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

/** Return what names a dimension in the reader's language, or by the title that its provider gives it. */
export function useDimensionTitle(): (dimension: string, title: string) => string {
  const { t } = useTranslation();
  return useCallback((dimension, title) => t(`quota.dimensions.${dimension}`, { defaultValue: title }), [t]);
}
