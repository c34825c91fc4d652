import { expect, test } from "vitest";
import { Transcript, clock } from "./transcript";

const names = { caller: "You", agent: "Assistant" };

function call(): Transcript {
  const transcript = new Transcript();
  transcript.note({ id: "1", speaker: "agent", text: "Hello", final: false, at: 1_000 });
  transcript.note({ id: "1", speaker: "agent", text: "Hello.", final: true, at: 1_900 });
  transcript.note({ id: "2", speaker: "caller", text: "Is 1 < 2 & 2 --> 3?", final: true, at: 4_500 });
  transcript.note({ id: "3", speaker: "caller", text: "and", final: false, at: 66_000 });
  return transcript;
}

test("a transcript has what was said, by whom and when, and no guesses", () => {
  expect(call().asText(names)).toBe("[0:00] Assistant: Hello.\n[0:03] You: Is 1 < 2 & 2 --> 3?\n");
});

test("subtitles say the same, and what was said is no markup in them", () => {
  expect(call().asVtt(names)).toBe(
    "WEBVTT\n\n" +
      "00:00:00.000 --> 00:00:03.500\n<v Assistant>Hello.\n\n" +
      "00:00:03.500 --> 00:00:07.500\n<v You>Is 1 &lt; 2 &amp; 2 --&gt; 3?\n",
  );
});

test("a clock shows hours only where there are any", () => {
  expect([0, 59_999, 61_000, 3_661_000].map(clock)).toEqual(["0:00", "0:59", "1:01", "1:01:01"]);
});
