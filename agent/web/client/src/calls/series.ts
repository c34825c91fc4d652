/** What the charts show, worked out of the numbers of each day. */

import type { Counted } from "./api";
import { dollars, duration } from "./format";

type Day = Counted & { readonly day: string };

export interface Line {
  readonly name: string;
  /** The style sheet's name of it. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  /** How high it is painted. */
  readonly painted: readonly (number | null)[];
}

export interface Chart {
  readonly title: string;
  readonly form: "bars" | "lines";
  readonly days: readonly string[];
  readonly lines: readonly Line[];
  /** A value in words. */
  readonly say: (value: number | null) => string;
}

/** Charts of outcomes, waits and cost. */
export function chartsOf(days: readonly Day[]): Chart[] {
  const whole = everyDay(days);
  const names = whole.map(([day]) => day);
  const of = (value: (counted: Counted) => number | null) => whole.map(([, counted]) => counted && value(counted));
  const line = (name: string, colour: string, values: (number | null)[]): Line => ({
    name,
    colour,
    values,
    painted: values,
  });
  return [
    {
      title: "Calls and how they ended",
      form: "bars",
      days: names,
      lines: stacked([
        line("lost", "--danger", of((day) => day.states["lost"] ?? 0)),
        line("failed", "--warning", of(failed)),
        line("going on", "--calm", of((day) => day.states["open"] ?? 0)),
        line("ended", "--accent", of((day) => (day.states["closed"] ?? 0) - failed(day))),
      ]),
      say: (value) => (value === null ? "" : String(Math.round(value * 100) / 100)),
    },
    {
      title: "From the caller's last word to the answer",
      form: "lines",
      days: names,
      lines: [
        line("half are sooner (p50)", "--accent", of((day) => day.response.p50_s)),
        line("19 of 20 are sooner (p95)", "--warning", of((day) => day.response.p95_s)),
      ],
      say: (value) => (value === null ? "" : duration(value)),
    },
    {
      title: "Cost in US dollars",
      form: "bars",
      days: names,
      lines: [line("cost", "--accent", of((day) => Number(day.usd)))],
      say: (value) => (value === null ? "" : dollars(value)),
    },
  ];
}

/** Reasons with which a call ends that did not go as it should. */
const FAILURES = [
  "error",
  "call failed to start",
  "call control failed",
  "provider failed",
  "silent agent",
  "failed reply",
  "lost provider",
  "deaf agent",
  "stuck tool",
];

function failed(day: Counted): number {
  return FAILURES.reduce((sum, reason) => sum + (day.reasons[reason] ?? 0), 0);
}

/** Bars on each other: the first line stands on all that follow, and is painted before them. */
export function stacked(lines: readonly Line[]): Line[] {
  return lines.map((line, at) => ({
    ...line,
    painted: line.values.map((value, day) =>
      value === null ? null : lines.slice(at).reduce((sum, below) => sum + (below.values[day] ?? 0), 0),
    ),
  }));
}

/** From the first day to the last, those without calls among them. */
function everyDay(days: readonly Day[]): [string, Counted | null][] {
  const known = new Map(days.map((day) => [day.day, day]));
  const all: [string, Counted | null][] = [];
  const [first, last] = [days[0]?.day, days.at(-1)?.day];
  if (first === undefined || last === undefined) return [];
  // In UTC, where every day has 24 hours.
  for (let at = new Date(`${first}T00:00Z`); isoDay(at) <= last; at.setUTCDate(at.getUTCDate() + 1)) {
    all.push([isoDay(at), known.get(isoDay(at)) ?? null]);
  }
  return all;
}

function isoDay(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
