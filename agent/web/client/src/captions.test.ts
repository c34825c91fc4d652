import { expect, test } from "vitest";
import { type Caption, Captions } from "./captions";

function shown(play: (captions: Captions) => void): Caption[] {
  const lines = new Map<string, Caption>();
  play(new Captions((caption) => lines.set(caption.id, caption)));
  return [...lines.values()].map(({ at: _, ...line }) => line);
}

test("a final transcript replaces the interim ones of its segment", () => {
  const lines = shown((captions) => {
    captions.open("SG_1", "caller").write("what time", false);
    captions.open("SG_1", "caller").write("what time is it", true);
  });
  expect(lines).toEqual([{ id: "SG_1", speaker: "caller", text: "what time is it", final: true }]);
});

test("an interim stream that is read late does not undo the final one", () => {
  const lines = shown((captions) => {
    const interim = captions.open("SG_1", "caller");
    captions.open("SG_1", "caller").write("what time is it", true);
    interim.write("what time", false);
  });
  expect(lines[0]).toMatchObject({ text: "what time is it", final: true });
});

test("speech grows within one stream and keeps its place among the lines", () => {
  const lines = shown((captions) => {
    const speech = captions.open("SG_1", "agent");
    speech.write("It is", false);
    captions.add("typed-1", "caller", "thanks");
    speech.write("It is noon.", true);
  });
  expect(lines.map((line) => line.text)).toEqual(["It is noon.", "thanks"]);
});

test("a segment in which nothing was said makes no line", () => {
  expect(shown((captions) => captions.open("SG_1", "caller").write("  ", true))).toEqual([]);
});

test("a line keeps the time at which it began", () => {
  const times = new Set<number | undefined>();
  const captions = new Captions((caption) => times.add(caption.at));
  captions.open("SG_1", "caller").write("what", false);
  captions.open("SG_1", "caller").write("what time is it", true);
  expect(times.size).toBe(1);
  expect([...times][0]).toBeGreaterThan(0);
});
