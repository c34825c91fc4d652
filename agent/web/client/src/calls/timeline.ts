/** The entries of a call, as a person reads them: what was said and done, one after the other. */

import type { Entry } from "./api";
import { duration, words } from "./format";

/** How long a part of an answer took. */
export interface Part {
  readonly name: string;
  readonly s: number;
}

export interface Item {
  readonly seq: number;
  /** From the call's beginning. */
  readonly atS: number;
  readonly side: "caller" | "agent" | "tool" | "event" | "alarm";
  readonly who: string;
  readonly text: string;
  /** What was to follow and was not heard. */
  readonly unheard: string;
  readonly interrupted: boolean;
  readonly parts: readonly Part[];
}

export interface Bill {
  readonly usd: number;
  readonly unpriced: readonly string[];
  /** Dollars by model. */
  readonly models: ReadonlyMap<string, number>;
}

/** What belongs on the timeline, in its order. */
export function timeline(entries: readonly Entry[], startedAt: string): Item[] {
  const begun = Date.parse(startedAt);
  const shownByTheirEnd = new Set(begunTools(entries));
  return entries
    .filter((entry) => !shownByTheirEnd.has(entry.seq))
    .flatMap((entry) => {
      const shown = itemOf(entry);
      if (shown === undefined) return [];
      const at = Date.parse(text(entry["started_at"]) || entry.at);
      return [{ ...NOTHING, seq: entry.seq, atS: (at - begun) / 1000, ...shown }];
    })
    .sort((a, b) => a.atS - b.atS || a.seq - b.seq);
}

/** What the call has cost so far. */
export function bill(entries: readonly Entry[]): Bill {
  const models = new Map<string, number>();
  let usd = 0;
  let unpriced: readonly string[] = [];
  for (const entry of entries) {
    if (entry.kind !== "charged") continue;
    const model = text(entry["model"]);
    models.set(model, (models.get(model) ?? 0) + number(entry["usd"]));
    usd = number(entry["total_usd"]);
    unpriced = Array.isArray(entry["unpriced"]) ? entry["unpriced"].map(text) : [];
  }
  return { usd, unpriced, models };
}

/** What of a reply was not heard. What was heard may differ from its beginning in blanks. */
export function unheardOf(generated: string, heard: string): string {
  const all = generated.trim();
  if (all.startsWith(heard.trim())) return all.slice(heard.trim().length).trim();
  const written = all.split(/\s+/);
  const spoken = heard.trim().split(/\s+/);
  let same = 0;
  while (same < spoken.length && spoken[same] === written[same]) same += 1;
  return written.slice(Math.min(same, spoken.length)).join(" ");
}

const NOTHING = { who: "", text: "", unheard: "", interrupted: false, parts: [] as Part[] };

type Shown = Pick<Item, "side"> & Partial<Item>;

function itemOf(entry: Entry): Shown | undefined {
  const of = (name: string) => text(entry[name]);
  switch (entry.kind) {
    case "turn_heard":
      return { side: "caller", who: "Caller", text: saidOr(entry, "text"), parts: partsOf(entry) };
    case "turn_spoken": {
      const interrupted = entry["interrupted"] === true;
      const heard = of("heard");
      const unheard = interrupted ? unheardOf(of("generated"), heard) : "";
      const shown = heard || unheard ? heard : HIDDEN;
      return { side: "agent", who: of("persona"), text: shown, unheard, interrupted, parts: partsOf(entry) };
    }
    case "clip":
      return { side: "agent", who: "Recording", text: of("words"), interrupted: entry["whole"] === false };
    case "tool_began":
      return { side: "tool", who: of("tool"), text: `${given(entry)} … is running` };
    case "tool_ended":
      return {
        side: isFailure(of("outcome")) ? "alarm" : "tool",
        who: of("tool"),
        text: [given(entry), of("outcome"), duration(number(entry["took_s"])), of("answer")].filter(Boolean).join(" · "),
      };
    case "guardrail":
      return { side: "alarm", who: "Guardrail", text: `${of("rule")}, ${of("side")}, with ${of("persona")}` };
    case "recovery":
      return { side: "alarm", who: "Recovery", text: `${words(of("trouble"))}: ${words(of("step"))}${waited(entry)}` };
    case "fault":
      return { side: "alarm", who: "Fault", text: [of("source"), of("error"), of("message")].filter(Boolean).join(" · ") };
    case "budget":
      return {
        side: entry["is_spent"] === true ? "alarm" : "event",
        who: "Budget",
        text: `of the ${of("budget")}: $${of("spent_usd")} of $${of("limit_usd")}`,
      };
    case "handoff":
      return { side: "event", who: "Handoff", text: `${of("before")} → ${of("persona")}` };
    case "used":
    case "charged":
      return undefined;
    default:
      return { side: entry.kind === "lost" ? "alarm" : "event", who: words(entry.kind), text: rest(entry) };
  }
}

const HIDDEN = "(not shown to your role, or not kept)";

function saidOr(entry: Entry, name: string): string {
  return text(entry[name]) || HIDDEN;
}

/** The beginnings of tools whose end is there too: both are one item. */
function begunTools(entries: readonly Entry[]): number[] {
  const running = new Map<string, number[]>();
  const over: number[] = [];
  for (const entry of entries) {
    const tool = text(entry["tool"]);
    if (entry.kind === "tool_began") running.set(tool, [...(running.get(tool) ?? []), entry.seq]);
    if (entry.kind !== "tool_ended") continue;
    const begun = running.get(tool)?.shift();
    if (begun !== undefined) over.push(begun);
  }
  return over;
}

function isFailure(outcome: string): boolean {
  return ["failed", "timed out", "unknown"].includes(outcome);
}

function given(entry: Entry): string {
  const values = entry["arguments"];
  if (typeof values !== "object" || values === null) return "";
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}

function waited(entry: Entry): string {
  const waitedS = entry["waited_s"];
  return typeof waitedS === "number" ? ` after ${duration(waitedS)}` : "";
}

function partsOf(entry: Entry): Part[] {
  const parts = entry["latency_s"];
  if (typeof parts !== "object" || parts === null) return [];
  return Object.entries(parts).flatMap(([name, s]) => (typeof s === "number" ? [{ name: words(name), s }] : []));
}

function rest(entry: Entry): string {
  return Object.entries(entry)
    .filter(([name, value]) => !["seq", "at", "kind"].includes(name) && value !== null && value !== "")
    .map(([name, value]) => `${words(name)}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(", ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  const found = Number(value);
  return Number.isFinite(found) ? found : 0;
}
