import { expect, test } from "vitest";
import { bandsOf, loudness } from "./meter";

test("silence is nothing and loud speech is all", () => {
  expect(loudness(new Float32Array(64))).toBe(0);
  expect(loudness(new Float32Array(64).fill(0.3))).toBe(1);
  expect(loudness(new Float32Array(64).fill(0.01))).toBeCloseTo(20 / 48, 2);
});

test("a tone lights up its own band", () => {
  const spectrum = new Uint8Array(512);
  spectrum[21] = 255; // 21 × 47 Hz: about 1 kHz
  const bands = bandsOf(spectrum, 47, 8);
  expect(bands).toHaveLength(8);
  expect(bands.indexOf(1)).toBe(4);
  expect(bands.filter((level) => level > 0)).toHaveLength(1);
});
