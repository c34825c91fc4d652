import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Api, Statistics } from "./api";
import { facts, found, make, table } from "../dom";
import { dollars, duration, words } from "./format";
import { type Chart, type Line, chartsOf } from "./series";

const HEIGHT_PX = 220;

/** How the calls of some days went: numbers, charts, and the charts as tables. */
export class Overview {
  private readonly period = found("period", HTMLSelectElement);
  private readonly totals = found("totals", HTMLDListElement);
  private readonly charts = found("charts", HTMLDivElement);
  private readonly drawn = new Map<HTMLElement, uPlot>();
  private readonly sizes = new ResizeObserver(() => this.fit());
  private statistics: Statistics | undefined;

  constructor(
    private readonly api: Api,
    private readonly onFault: (fault: unknown) => void,
  ) {
    this.period.addEventListener("change", () => void this.open());
    this.sizes.observe(this.charts);
    // A chart's colours are painted, not styled.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  async open(): Promise<void> {
    const since = new Date();
    since.setHours(0, 0, 0, 0);
    since.setDate(since.getDate() - Number(this.period.value) + 1);
    try {
      this.statistics = await this.api.statistics(since.toISOString());
      this.draw();
    } catch (fault) {
      this.onFault(fault);
    }
  }

  private draw(): void {
    for (const chart of this.drawn.values()) chart.destroy();
    this.drawn.clear();
    if (this.statistics === undefined) return;
    const { total, days, is_whole } = this.statistics;
    this.totals.replaceChildren(
      ...facts([
        ["Calls", `${total.calls}${is_whole ? "" : ", the latest of more"}`],
        ["Ended because", counts(total.reasons)],
        ["Lost", String(total.states["lost"] ?? 0)],
        ["Answers after", percentiles(total.response.p50_s, total.response.p95_s)],
        ["Lasted", percentiles(total.duration.p50_s, total.duration.p95_s)],
        ["Cost", dollars(Number(total.usd))],
        ["Without a price", total.unpriced.join(", ")],
        ["Interrupted replies", String(total.interruptions)],
        ["Tools", `${total.tool_calls}, of which ${total.tool_failures} failed`],
      ]),
    );
    this.charts.replaceChildren(...(days.length > 0 ? chartsOf(days).map((chart) => this.figureOf(chart)) : []));
    this.fit();
  }

  private figureOf(chart: Chart): HTMLElement {
    const canvas = make("div", "chart");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${chart.title}; as a table below`);
    const figure = make(
      "figure",
      "",
      make("figcaption", "", chart.title),
      canvas,
      make(
        "details",
        "",
        make("summary", "", "As a table"),
        table(
          ["Day", ...chart.lines.map((line) => line.name)],
          chart.days.map((day, at) => [day, ...chart.lines.map((line) => chart.say(line.values[at] ?? null))]),
        ),
      ),
    );
    this.drawn.set(canvas, new uPlot(optionsOf(chart), dataOf(chart), canvas));
    return figure;
  }

  private fit(): void {
    for (const [canvas, chart] of this.drawn) {
      if (canvas.clientWidth > 0) chart.setSize({ width: canvas.clientWidth, height: HEIGHT_PX });
    }
  }
}

function optionsOf(chart: Chart): uPlot.Options {
  const [ink, rule] = [colour("--ink-soft"), colour("--line")];
  const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 } };
  return {
    width: 320,
    height: HEIGHT_PX,
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.1 : 1] }, x: { range: roomFor } },
    axes: [
      { ...axis, space: 64, incrs: [DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S, 30 * DAY_S], values: (_, days) => days.map(dayOf) },
      { ...axis, size: 64, values: (_, values) => values.map(chart.say) },
    ],
    series: [
      { label: "Day", value: (_, day) => (day === null ? "" : dayOf(day)) },
      ...chart.lines.map((line) => seriesOf(chart, line)),
    ],
  };
}

function seriesOf(chart: Chart, line: Line): uPlot.Series {
  const stroke = colour(line.colour);
  const value = (_chart: uPlot, _painted: number, _line: number, day: number | null) =>
    chart.say(day === null ? null : (line.values[day] ?? null));
  const shown: uPlot.Series = { label: line.name, stroke, value };
  if (chart.form === "lines") return { ...shown, width: 2, points: { show: true, size: 6, fill: stroke } };
  const bars = uPlot.paths.bars?.({ size: [0.7, 60] });
  return { ...shown, fill: stroke, width: 0, points: { show: false }, ...(bars && { paths: bars }) };
}

/** What is painted. Bars of several kinds stand on each other: each is painted as the sum of itself
 * and those below it, the highest first; see `chartsOf` for their order. */
function dataOf(chart: Chart): uPlot.AlignedData {
  const days = chart.days.map((day) => Date.parse(`${day}T00:00`) / 1000);
  return [days, ...chart.lines.map((line) => [...line.painted])];
}

const DAY_S = 86_400;

function roomFor(_: uPlot, first: number, last: number): [number, number] {
  return [first - DAY_S / 2, last + DAY_S / 2];
}

function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toLocaleDateString(undefined, { month: "short", day: "numeric" });
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function counts(reasons: Readonly<Record<string, number>>): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${words(reason)} ${count}`)
    .join(", ");
}

function percentiles(p50S: number | null, p95S: number | null): string {
  if (p50S === null || p95S === null) return "";
  return `${duration(p50S)} in the middle, ${duration(p95S)} for the slowest twentieth`;
}
