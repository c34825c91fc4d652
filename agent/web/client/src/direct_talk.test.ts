import { beforeEach, expect, test } from "vitest";
import type { Caption } from "./captions";
import type { Reported } from "./direct_api";
import { Talk, type ToolCall, heardOf } from "./direct_talk";

let captions: Map<string, Caption>;
let reports: Reported[];
let states: string[];
let tools: ToolCall[];
let told: string[];
let talk: Talk;

beforeEach(() => {
  captions = new Map();
  [reports, states, tools, told] = [[], [], [], []];
  talk = new Talk({
    caption: (caption) => captions.set(caption.id, caption),
    agentState: (state) => states.push(state),
    report: (event) => reports.push(event),
    tools: (calls) => tools.push(...calls),
    replied: () => told.push("replied"),
    free: () => told.push("free"),
    busy: () => told.push("busy"),
    expired: () => told.push("expired"),
  });
});

const take = (type: string, fields: object = {}) => talk.take({ type, ...fields });

function speak(item: string, words: string, response = "r1"): void {
  take("response.created", { response: { id: response } });
  take("response.output_audio_transcript.delta", { item_id: item, response_id: response, delta: words });
  take("output_audio_buffer.started", { response_id: response });
}

test("what the caller says grows into a line, and is reported once it is known", () => {
  take("input_audio_buffer.speech_started", { item_id: "i1" });
  take("input_audio_buffer.committed", { item_id: "i1" });
  expect(captions.get("i1")).toMatchObject({ text: "…", final: false, speaker: "caller" });
  for (const delta of ["when are ", "you open"])
    take("conversation.item.input_audio_transcription.delta", { item_id: "i1", delta });
  expect(captions.get("i1")).toMatchObject({ text: "when are you open", final: false });
  const usage = { input_tokens: 3 };
  take("conversation.item.input_audio_transcription.completed", {
    item_id: "i1",
    transcript: "When are you open?",
    usage,
  });
  expect(captions.get("i1")).toMatchObject({ text: "When are you open?", final: true });
  expect(reports).toEqual([
    { kind: "turn_began", item_id: "i1" },
    { kind: "turn_heard", item_id: "i1", text: "When are you open?" },
    { kind: "used", by: "transcription", usage },
  ]);
});

test("a reply counts as heard when it was played, not when it was made", () => {
  speak("i1", "From nine until five.");
  take("response.done", { response: { id: "r1", status: "completed", output: [] } });
  expect(captions.get("i1")).toMatchObject({ final: false });
  expect(states.at(-1)).toBe("speaking");
  take("output_audio_buffer.stopped", { response_id: "r1" });
  expect(captions.get("i1")).toMatchObject({ text: "From nine until five.", final: true });
  expect(reports.at(-1)).toMatchObject({ kind: "turn_spoken", heard: "From nine until five." });
  expect(states.at(-1)).toBe("listening");
  expect(told).toEqual(["free", "replied"]);
});

test("of a reply that was cut off only what was played counts", () => {
  speak("i1", "We are open from nine until five on every weekday.");
  take("output_audio_buffer.cleared", { response_id: "r1" });
  take("conversation.item.truncated", { item_id: "i1", audio_end_ms: 1_200 });
  expect(captions.get("i1")).toMatchObject({ text: "We are open from…", final: true });
  expect(reports.at(-1)).toMatchObject({ heard: "We are open from", interrupted: true });
  take("output_audio_buffer.stopped", { response_id: "r1" });
  expect(reports.filter(({ kind }) => kind === "turn_spoken")).toHaveLength(1);
});

test("only calls that the model has written to their end are made", () => {
  const call = { type: "function_call", name: "weather", arguments: "{}" };
  take("response.created", { response: { id: "r1" } });
  take("response.done", {
    response: {
      id: "r1",
      status: "cancelled",
      output: [
        { ...call, call_id: "c1", status: "completed" },
        { ...call, call_id: "c2", status: "incomplete" },
      ],
    },
  });
  expect(tools.map(({ callId }) => callId)).toEqual(["c1"]);
});

test("the reply that puts a question is known by the call it is for", () => {
  take("response.created", { response: { id: "r1", metadata: { question: "c1" } } });
  take("response.output_audio_transcript.delta", { item_id: "i1", response_id: "r1", delta: "Shall I?" });
  take("output_audio_buffer.stopped", { response_id: "r1" });
  expect(reports.at(-1)).toMatchObject({ answers: "c1" });
});

test("a reply that comes too soon is asked for again, and other errors are reported", () => {
  talk.asked();
  take("error", { error: { code: "conversation_already_has_active_response" } });
  take("error", { error: { code: "response_cancel_not_active" } });
  expect([told, reports]).toEqual([["busy"], []]);
  take("error", { error: { code: "session_expired", message: "It is over." } });
  expect(told).toEqual(["busy", "expired"]);
  expect(reports).toEqual([{ kind: "fault", code: "session_expired", message: "It is over." }]);
});

test("events of no known form change nothing", () => {
  for (const odd of [{}, { type: 7 }, { type: "response.done" }, { type: "response.done", response: [] }])
    talk.take(odd as Record<string, unknown>);
  take("response.done", { response: { output: "x", usage: 3 } });
  take("conversation.item.truncated", { item_id: "nobody", audio_end_ms: "x" });
  expect(captions.size + reports.length + tools.length).toBe(0);
});

test.each([
  [0, ""],
  [1_000, "We are open"],
  [60_000, "We are open from nine"],
])("after %d ms the words that ended by then were heard", (endMs, words) => {
  expect(heardOf("We are open from nine", endMs)).toBe(words);
});
