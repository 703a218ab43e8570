// The chart of twelve months. It comes with its library, and only when it is shown.
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { Schemas } from "../../api/client";
import { useAppearance } from "../../app/theme";
import { money } from "../../format/money";
import { useTexts } from "../../i18n";

use([BarChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

type Month = Schemas["OverviewView"]["trend"][number];

const LIGHT = { text: "#595959", line: "#e5e6eb", settled: "#0958d9", withdrawn: "#08979c" };
const DARK = { text: "#c9c9c9", line: "#3a3a3d", settled: "#4096ff", withdrawn: "#36cfc9" };

export default function Trend({ months, currency }: { months: Month[]; currency: string }) {
  const { t, language } = useTexts();
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
    const show = (minor: unknown) => money(Number(minor), currency);
    const text = { color: colours.text };
    // Whole yuan on the axis, which only gives a scale; exact amounts are in the tooltip and in the table.
    const scale = (minor: number) => String(Math.round(minor / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
    const bar = { type: "bar" as const, barMaxWidth: 18 };
    chart.current?.setOption({
      animation: !still,
      grid: { left: 8, right: 8, top: 40, bottom: 8, containLabel: true },
      legend: { top: 0, textStyle: text },
      tooltip: { trigger: "axis", valueFormatter: show },
      xAxis: {
        type: "category",
        data: months.map((month) => month.month),
        axisLabel: { ...text, formatter: (month: string) => month.slice(2) },
        axisLine: { lineStyle: { color: colours.line } },
      },
      yAxis: {
        type: "value",
        axisLabel: { ...text, formatter: scale },
        splitLine: { lineStyle: { color: colours.line } },
      },
      series: [
        {
          ...bar,
          name: t("overview.trend.settled"),
          itemStyle: { color: colours.settled },
          data: months.map((month) => month.totals.settled_net_minor),
        },
        {
          ...bar,
          name: t("overview.trend.withdrawn"),
          itemStyle: { color: colours.withdrawn },
          data: months.map((month) => month.totals.withdrawn_minor),
        },
      ],
    });
  }, [months, currency, dark, t, language]);
  return <div ref={box} role="img" aria-label={t("overview.trend")} style={{ height: 320 }} />;
}
