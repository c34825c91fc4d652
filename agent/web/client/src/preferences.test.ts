import { expect, test } from "vitest";
import { NOTHING, readOffer } from "./offer";
import { USUAL, readPreferences } from "./preferences";

test("what was chosen is read as it was kept", () => {
  const chosen = { ...USUAL, lang: "ko", echoCancellation: false, microphone: "a1b2" };
  expect(readPreferences(JSON.stringify(chosen))).toEqual(chosen);
});

test("what is no preference is as usual", () => {
  for (const text of [null, "", "{", "null", "7", '{"halfDuplex":"yes","mode":7,"extra":1}'])
    expect(readPreferences(text)).toEqual(USUAL);
  expect(readPreferences(JSON.stringify({ voice: "x".repeat(10_000) }))).toEqual(USUAL);
});

test("an offer is read as far as it is one", () => {
  const offer = { ...NOTHING, personas: [{ name: "frontdesk", title: "Front desk" }], modes: ["room"] };
  expect(readOffer(offer)).toEqual(offer);
  expect(readOffer({ personas: [{ name: 1 }, null], languages: "en", modes: [7] })).toEqual(NOTHING);
  for (const none of [null, undefined, 7, []]) expect(readOffer(none)).toEqual(NOTHING);
});
