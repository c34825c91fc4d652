import { expect, test } from "vitest";
import type { Entry } from "./api";
import { bill, timeline, unheardOf } from "./timeline";

const BEGAN = "2026-03-02T12:00:00+00:00";

function entries(...events: Record<string, unknown>[]): Entry[] {
  return events.map((event, at) => ({
    seq: at + 1,
    at: new Date(Date.parse(BEGAN) + at * 1000).toISOString(),
    kind: "",
    ...event,
  }));
}

test("a turn stands where it began, and what comes later in the record may stand before it", () => {
  const items = timeline(
    entries(
      { kind: "clip", words: "One moment, please.", whole: true },
      { kind: "turn_spoken", persona: "frontdesk", heard: "Hello", generated: "Hello" },
      { kind: "turn_heard", text: "Hi", started_at: "2026-03-02T12:00:00.5+00:00" },
    ),
    BEGAN,
  );
  expect(items.map(({ atS, who, text }) => [atS, who, text])).toEqual([
    [0, "Recording", "One moment, please."],
    [0.5, "Caller", "Hi"],
    [1, "frontdesk", "Hello"],
  ]);
});

test("of an interrupted reply, what was heard and what was not are kept apart", () => {
  const said = { persona: "p", heard: "We are open", generated: "We are open from nine.", interrupted: true };
  const [item] = timeline(entries({ kind: "turn_spoken", ...said }), BEGAN);
  expect(item).toMatchObject({ text: "We are open", unheard: "from nine.", interrupted: true });
});

test.each([
  ["We are open from nine.", "We are open", "from nine."],
  ["We  are\nopen from nine.", "We are open", "from nine."],
  ["Hello there.", "Hello there.", ""],
  ["Hello there.", "", "Hello there."],
  ["", "", ""],
])("of %j heard as %j, %j was not heard", (generated, heard, rest) => {
  expect(unheardOf(generated, heard)).toBe(rest);
});

test("a tool is one item, with what came of it; one that still runs is one too", () => {
  const items = timeline(
    entries(
      { kind: "tool_began", tool: "find_order", arguments: { number: "4" } },
      { kind: "tool_began", tool: "find_order", arguments: { number: "5" } },
      { kind: "tool_ended", tool: "find_order", arguments: { number: "4" }, outcome: "failed", took_s: 0.25, answer: "" },
    ),
    BEGAN,
  );
  expect(items.map(({ side, text }) => [side, text])).toEqual([
    ["tool", "number: 5 … is running"],
    ["alarm", "number: 4 · failed · 250 ms"],
  ]);
});

test("what a viewer may not see is told to be so, and what only another version knows is shown", () => {
  const items = timeline(
    entries({ kind: "turn_heard", latency_s: { end_of_turn: 0.3 } }, { kind: "moved_house", to: ["x"], by: null }),
    BEGAN,
  );
  expect(items[0]).toMatchObject({ text: "(not shown to your role, or not kept)", parts: [{ name: "end of turn", s: 0.3 }] });
  expect(items[1]).toMatchObject({ who: "moved house", text: 'to: ["x"]' });
});

test("a bill has its total, each model's part and what has no price", () => {
  const { usd, unpriced, models } = bill(
    entries(
      { kind: "charged", model: "a", usd: "0.01", total_usd: "0.01", unpriced: [] },
      { kind: "charged", model: "b", usd: "0.02", total_usd: "0.03", unpriced: ["c"] },
      { kind: "charged", model: "a", usd: "0.03", total_usd: "0.06", unpriced: ["c"] },
    ),
  );
  expect([usd, unpriced]).toEqual([0.06, ["c"]]);
  expect([...models]).toEqual([
    ["a", 0.04],
    ["b", 0.02],
  ]);
});
