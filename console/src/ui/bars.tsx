// Bars over time. The chart comes with its library, and only when one is shown; a table beside it says the same exactly.
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { useAppearance } from "../app/theme";
import { money } from "../format/money";

use([BarChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const LIGHT = { text: "#595959", line: "#e5e6eb", bars: ["#0958d9", "#08979c"] };
const DARK = { text: "#c9c9c9", line: "#3a3a3d", bars: ["#4096ff", "#36cfc9"] };

export interface BarsProps {
  /** What the chart shows, for whoever cannot see it. */
  name: string;
  labels: string[];
  /** Amounts in minor units, one for each label. */
  series: { name: string; minor: number[] }[];
  currency: string;
}

export default function Bars({ name, labels, series, currency }: BarsProps) {
  const { dark } = useAppearance();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  useEffect(() => {
    if (box.current === null) return undefined;
    const made = init(box.current, null, { renderer: "svg" });
    chart.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(box.current);
    return () => {
      watch.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    const colours = dark ? DARK : LIGHT;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const text = { color: colours.text };
    // Whole units on the axis, which only gives a scale; exact amounts are in the tooltip and in the table.
    const scale = (minor: number) => String(Math.round(minor / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
    chart.current?.setOption(
      {
        animation: !still,
        grid: { left: 8, right: 8, top: 40, bottom: 8, containLabel: true },
        legend: { top: 0, textStyle: text },
        tooltip: { trigger: "axis", valueFormatter: (minor: unknown) => money(Number(minor), currency) },
        xAxis: {
          type: "category",
          data: labels,
          axisLabel: text,
          axisLine: { lineStyle: { color: colours.line } },
        },
        yAxis: { type: "value", axisLabel: { ...text, formatter: scale }, splitLine: { lineStyle: { color: colours.line } } },
        series: series.map((one, index) => ({
          type: "bar",
          barMaxWidth: 18,
          name: one.name,
          itemStyle: { color: colours.bars[index % colours.bars.length] },
          data: one.minor,
        })),
      },
      true,
    );
  }, [labels, series, currency, dark]);
  return <div ref={box} role="img" aria-label={name} style={{ height: 320 }} />;
}
