/** Lines over time, drawn by ECharts; everything it says is also there for those who do not see it. */
import { makeStyles } from "@fluentui/react-components";
import { LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { connect, init, use as register, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

import { useDarkTheme, useTheme } from "@/shell/theme";

register([LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

const useStyles = makeStyles({ chart: { width: "100%", height: "180px" } });

/** Told apart by colour-blind people as well, and by the dashes of the second. */
export const LINE_COLOURS = { light: ["#2239c4", "#b1460a"], dark: ["#92a5f1", "#f2a065"] } as const;
const GROUP = "metrics";

export interface Line {
  name: string;
  points: (readonly [number, number | null])[];
}

export interface TimeChartProps {
  /** Sums the chart up in words. */
  label: string;
  lines: readonly Line[];
  /** In milliseconds since 1970. */
  from: number;
  to: number;
  /** The most that there can be, if there is such a bound. */
  most: number | null;
  format: (value: number) => string;
  language: string;
  /** Whether points are days of UTC rather than instants. */
  days?: boolean;
}

export function TimeChart({ label, lines, from, to, most, format, language, days = false }: TimeChartProps) {
  const styles = useStyles();
  const theme = useTheme();
  const dark = useDarkTheme();
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);

  useEffect(() => {
    if (element.current === null) return;
    const made = init(element.current);
    made.group = GROUP;
    connect(GROUP);
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    const words = { color: theme.colorNeutralForeground2, fontFamily: "inherit" };
    const rule = { lineStyle: { color: theme.colorNeutralStroke2 } };
    const colours = LINE_COLOURS[dark ? "dark" : "light"];
    const day = { day: "numeric", month: "short", timeZone: "UTC" } as const;
    const clock = new Intl.DateTimeFormat(language, days ? day : { hour: "2-digit", minute: "2-digit" });
    const instant = new Intl.DateTimeFormat(language, days ? day : { dateStyle: "short", timeStyle: "medium" });
    chart.current?.setOption(
      {
        animation: false,
        grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true },
        xAxis: {
          type: "time",
          min: from,
          max: to,
          axisLabel: { ...words, hideOverlap: true, formatter: (value: number) => clock.format(value) },
          axisLine: rule,
          splitLine: { show: false },
        },
        yAxis: {
          type: "value",
          min: 0,
          max: most ?? undefined,
          splitNumber: 3,
          axisLabel: { ...words, formatter: format },
          splitLine: rule,
        },
        tooltip: {
          trigger: "axis",
          // Drawn on the canvas: the content security policy allows no styles within markup.
          renderMode: "richText",
          confine: true,
          backgroundColor: theme.colorNeutralBackground1,
          borderColor: theme.colorNeutralStroke1,
          textStyle: { color: theme.colorNeutralForeground1, fontSize: 12 },
          formatter: (hit: { seriesName?: string; value: [number, number | null] }[]) =>
            [
              instant.format(hit[0]?.value[0] ?? 0),
              ...hit.map((one) => `${one.seriesName ?? ""}: ${one.value[1] === null ? "–" : format(one.value[1])}`),
            ].join("\n"),
        },
        series: lines.map((line, place) => ({
          type: "line",
          name: line.name,
          data: line.points,
          showSymbol: days,
          connectNulls: false,
          color: colours[place % colours.length],
          lineStyle: { width: 2, type: place === 0 ? "solid" : "dashed" },
          areaStyle: lines.length === 1 ? { opacity: 0.12 } : undefined,
        })),
      },
      { notMerge: true },
    );
  }, [lines, from, to, most, format, language, days, theme, dark]);

  return <div ref={element} className={styles.chart} role="img" aria-label={label} />;
}
