import { expect, test } from "vitest";
import type { Counted } from "./api";
import { clock, dollars, duration } from "./format";
import { chartsOf } from "./series";

const NOTHING: Counted = {
  calls: 0,
  states: {},
  reasons: {},
  duration: { count: 0, p50_s: null, p95_s: null },
  response: { count: 0, p50_s: null, p95_s: null },
  usd: "0",
  unpriced: [],
  interruptions: 0,
  tool_calls: 0,
  tool_failures: 0,
};

test("days without calls are days, and months end", () => {
  const [outcomes, waits, cost] = chartsOf([
    { ...NOTHING, day: "2026-02-28", usd: "0.5" },
    { ...NOTHING, day: "2026-03-02", usd: "1.5", response: { count: 3, p50_s: 0.8, p95_s: 1.2 } },
  ]);
  expect(outcomes?.days).toEqual(["2026-02-28", "2026-03-01", "2026-03-02"]);
  expect(waits?.lines[0]?.values).toEqual([null, null, 0.8]);
  expect(cost?.lines[0]?.values).toEqual([0.5, null, 1.5]);
});

test("outcomes stand on each other, and each call is one of them", () => {
  const states = { closed: 5, lost: 1, open: 2 };
  const [outcomes] = chartsOf([{ ...NOTHING, day: "2026-03-02", states, reasons: { error: 2, user_initiated: 3 } }]);
  expect(outcomes?.lines.map(({ name, values, painted }) => [name, values[0], painted[0]])).toEqual([
    ["lost", 1, 8],
    ["failed", 2, 7],
    ["going on", 2, 5],
    ["ended", 3, 3],
  ]);
});

test("no calls make no days", () => {
  expect(chartsOf([])[0]?.days).toEqual([]);
});

test("numbers are said as people say them", () => {
  expect([clock(0), clock(65.9), clock(3605), clock(-1)]).toEqual(["0:00", "1:05", "1:00:05", "0:00"]);
  expect([dollars(0), dollars(0.0123), dollars(12.5)]).toEqual(["$0.00", "$0.0123", "$12.50"]);
  expect([duration(0), duration(0.25), duration(1.5), duration(12.346)]).toEqual(["0 s", "250 ms", "1.5 s", "12.35 s"]);
});
