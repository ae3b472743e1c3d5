/** Writing measured values for people. */
import { formatBytes } from "@/manifest/values";
import type { Measure } from "./metrics";

const MIB = 1024 ** 2;

export function formatMeasure(measure: Measure, value: number, language: string): string {
  switch (measure) {
    case "percent":
      return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(value / 100);
    case "mib":
      return formatBytes(value * MIB, language);
    case "bytes_s":
      return `${formatBytes(Math.round(value), language)}/s`;
    case "ops_s":
      return `${new Intl.NumberFormat(language, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)}/s`;
  }
}
