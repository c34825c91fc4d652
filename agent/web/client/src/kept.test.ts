import { expect, test } from "vitest";
import { readKeptCall } from "./kept";

const line = { id: "SG_1", speaker: "agent", text: "Hello.", final: true };

test("a kept call is read as it was written", () => {
  const call = { resumeToken: "proof", muted: true, captions: [line] };
  expect(readKeptCall(JSON.stringify(call))).toEqual(call);
});

test("what is no kept call is none", () => {
  for (const text of [null, "", "{", "null", "7", "[]", '{"resumeToken":7}', '{"resumeToken":""}'])
    expect(readKeptCall(text)).toBeUndefined();
});

test("lines that are none are left out", () => {
  const captions = [null, 7, { ...line, speaker: "nobody" }, line];
  const kept = readKeptCall(JSON.stringify({ resumeToken: "proof", captions }));
  expect(kept).toEqual({ resumeToken: "proof", muted: false, captions: [line] });
});
