/**
 * A conversation as the provider's events tell it: captions, the agent's state, what is reported to
 * our server, and which tools the model calls. It knows neither the network nor the page.
 */
import type { Caption } from "./captions";
import { type Reported, fit } from "./direct_api";
import type { AgentState } from "./line";

/** A call of a tool by the model. */
export interface ToolCall {
  readonly name: string;
  readonly callId: string;
  readonly arguments: string;
}

/** What comes of the events. */
export interface TalkListener {
  caption(caption: Caption): void;
  agentState(state: AgentState): void;
  report(event: Reported): void;
  tools(calls: readonly ToolCall[]): void;
  /** A reply has been heard to its end, or was cut off. */
  replied(): void;
  /** The model is free to reply again. */
  free(): void;
  /** The last reply that was asked for is not coming: another one was under way. */
  busy(): void;
  /** The provider ends the session. */
  expired(): void;
}

/** What an agent says in a second; a reply that was cut off is taken for heard up to there. */
const CHARACTERS_PER_S = 15;
/** Both sides may act at once; of that come errors that are none. */
const TOO_LATE = "response_cancel_not_active";
const BUSY = "conversation_already_has_active_response";
/** Stands for words that are not known yet, so that lines are in the order of speaking. */
const WORDLESS = "…";

type Event = Readonly<Record<string, unknown>>;

interface Said {
  readonly response: string;
  text: string;
  isTold: boolean;
}

export class Talk {
  private readonly heard = new Map<string, string>();
  private readonly said = new Map<string, Said>();
  /** Of which reply which call of a tool has its question put. */
  private readonly questions = new Map<string, string>();
  private readonly active = new Set<string>();
  private sounding: string | undefined;
  private isAsked = false;

  constructor(private readonly listener: TalkListener) {}

  /** Whether the model is about to speak, or speaks. */
  get isReplying(): boolean {
    return this.isAsked || this.active.size > 0;
  }

  /** A reply was asked for. */
  asked(): void {
    this.isAsked = true;
  }

  /** Whether the agent can be heard. */
  get isSounding(): boolean {
    return this.sounding !== undefined;
  }

  take(event: Event): void {
    const item = text(event, "item_id");
    switch (event["type"]) {
      case "input_audio_buffer.speech_started":
        this.listener.agentState("listening");
        return this.listener.report({ kind: "turn_began", item_id: item });
      case "input_audio_buffer.speech_stopped":
        return this.listener.agentState("thinking");
      case "input_audio_buffer.committed":
        return this.hear(item, "", false);
      case "conversation.item.input_audio_transcription.delta":
        return this.hear(item, (this.heard.get(item) ?? "") + text(event, "delta"), false);
      case "conversation.item.input_audio_transcription.completed":
        return this.heardAll(item, event);
      case "response.created":
        return this.begin(of(event, "response"));
      case "response.output_audio_transcript.delta":
        return this.say(item, text(event, "response_id"), text(event, "delta"));
      case "output_audio_buffer.started":
        this.sounding = text(event, "response_id");
        return this.listener.agentState("speaking");
      case "output_audio_buffer.stopped":
        return this.stopped(text(event, "response_id"));
      case "output_audio_buffer.cleared":
        return this.silent();
      case "conversation.item.truncated":
        return this.cut(item, Number(event["audio_end_ms"]) || 0);
      case "response.done":
        return this.done(of(event, "response"));
      case "error":
        return this.failed(of(event, "error"));
    }
  }

  /** The caller has typed something. */
  typed(item: string, words: string): void {
    this.listener.caption({ id: item, speaker: "caller", text: words, final: true });
    this.listener.report({ kind: "turn_began", item_id: item });
    this.listener.report({ kind: "turn_heard", item_id: item, text: fit(words) });
  }

  /** The call is over: what was being said was heard as far as it came. */
  end(): void {
    for (const [item, said] of this.said) this.tell(item, said, said.text, this.isSounding);
  }

  private hear(item: string, words: string, final: boolean): void {
    this.heard.set(item, words);
    const shown = words.trim() === "" ? WORDLESS : words;
    this.listener.caption({ id: item, speaker: "caller", text: shown, final });
  }

  private heardAll(item: string, event: Event): void {
    const words = text(event, "transcript");
    this.hear(item, words, true);
    this.heard.delete(item);
    this.listener.report({ kind: "turn_heard", item_id: item, text: fit(words) });
    this.used("transcription", event["usage"]);
  }

  private begin(response: Event): void {
    const id = text(response, "id");
    this.isAsked = false;
    this.active.add(id);
    const question = text(of(response, "metadata"), "question");
    if (question !== "") this.questions.set(id, question);
    this.listener.agentState("thinking");
  }

  private say(item: string, response: string, delta: string): void {
    const said = this.said.get(item) ?? { response, text: "", isTold: false };
    said.text += delta;
    this.said.set(item, said);
    this.listener.caption({ id: item, speaker: "agent", text: said.text, final: false });
  }

  private stopped(response: string): void {
    for (const [item, said] of this.said) {
      if (said.response === response) this.tell(item, said, said.text, false);
    }
    this.silent();
  }

  private cut(item: string, endMs: number): void {
    const said = this.said.get(item);
    if (said) this.tell(item, said, heardOf(said.text, endMs), true);
  }

  private silent(): void {
    this.sounding = undefined;
    this.listener.agentState(this.isReplying ? "thinking" : "listening");
    this.listener.replied();
  }

  /** What was heard of an item is known; once. */
  private tell(item: string, said: Said, heard: string, interrupted: boolean): void {
    if (said.isTold || said.text.trim() === "") return;
    said.isTold = true;
    const shown = interrupted ? `${heard}…` : said.text;
    this.listener.caption({ id: item, speaker: "agent", text: shown, final: true });
    const answers = this.questions.get(said.response) ?? "";
    this.listener.report({
      kind: "turn_spoken",
      item_id: item,
      text: fit(said.text),
      heard: fit(heard),
      interrupted,
      answers,
    });
  }

  private done(response: Event): void {
    this.active.delete(text(response, "id"));
    this.used("model", response["usage"]);
    const output = Array.isArray(response["output"]) ? (response["output"] as Event[]) : [];
    const calls = output.filter(isCall).map((item) => ({
      name: text(item, "name"),
      callId: text(item, "call_id"),
      arguments: text(item, "arguments"),
    }));
    if (response["status"] === "failed") {
      this.failed(of(of(response, "status_details"), "error"));
    }
    if (!this.isSounding && !this.isReplying) this.listener.agentState("listening");
    if (calls.length > 0) this.listener.tools(calls);
    if (!this.isReplying) this.listener.free();
  }

  private used(by: "model" | "transcription", usage: unknown): void {
    if (typeof usage === "object" && usage !== null) {
      this.listener.report({ kind: "used", by, usage });
    }
  }

  private failed(error: Event): void {
    const code = text(error, "code");
    if (code === TOO_LATE) return;
    this.isAsked = false;
    if (code === BUSY) return this.listener.busy();
    const message = text(error, "message").slice(0, 500);
    this.listener.report({ kind: "fault", code: code.slice(0, 100), message });
    if (code === "session_expired") this.listener.expired();
  }
}

/** Only a call that the model has written to its end is one. */
function isCall(item: Event): boolean {
  return item["type"] === "function_call" && item["status"] === "completed";
}

/** The words that end by then, as far as that can be told. */
export function heardOf(words: string, endMs: number): string {
  const most = Math.floor((endMs / 1000) * CHARACTERS_PER_S);
  if (most >= words.length) return words;
  return words.slice(0, words.lastIndexOf(" ", most) + 1).trimEnd();
}

function text(event: Event, name: string): string {
  const value = event[name];
  return typeof value === "string" ? value : "";
}

function of(event: Event, name: string): Event {
  const value = event[name];
  return typeof value === "object" && value !== null ? (value as Event) : {};
}
