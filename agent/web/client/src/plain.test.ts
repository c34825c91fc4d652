import { expect, test } from "vitest";
import { CUT, Growing, MOST_CHARACTERS, harmless } from "./plain";

test("what people say in any script is left as it is", () => {
  for (const text of ["When are you open?", "언제 여나요?", "שלום", "مرحبا", "👩‍👩‍👧 naïve Zürich\nbye"])
    expect(harmless(text)).toBe(text);
});

test("markup is text", () => {
  expect(harmless("<script>alert(1)</script>")).toBe("<script>alert(1)</script>");
});

test("characters that steer a display are taken out", () => {
  const overrides = "\u202e\u202a\u2066\u2069\u200f\u200e\u061c\ufeff";
  expect(harmless(`a${overrides}b\u0000\u0007\u001b[31m\u007f\u0085c`)).toBe("ab[31mc");
  expect(harmless("one\r\ntwo\u2028three\tfour\n\n\n\nfive")).toBe("one\ntwo\nthree four\n\nfive");
});

test("marks that pile up over other lines are few", () => {
  expect(harmless("a" + "\u0301".repeat(500))).toBe("a" + "\u0301".repeat(4));
});

test("a text without end is cut, with a note, and between characters", () => {
  const text = harmless("ab".repeat(500_000));
  expect(text).toHaveLength(MOST_CHARACTERS + CUT.length);
  expect(text.endsWith(CUT)).toBe(true);
  expect(harmless("x" + "😀".repeat(3_000))).toMatch(/😀 \[…\]$/u);
  expect(harmless("half \ud83d of one")).toBe("half \ufffd of one");
});

test("a text that comes in pieces grows no further than it is shown", () => {
  const text = new Growing();
  for (let piece = 0; piece < 1_000; piece++) text.add("x".repeat(1_000));
  expect(text.add("").length).toBeLessThanOrEqual(2 * MOST_CHARACTERS + 1);
  expect(harmless(text.add("")).endsWith(CUT)).toBe(true);
});
