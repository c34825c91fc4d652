/** Everything the page says to a person: the form of a language file in `languages/`. */
import type { AgentState, Ending, Fault, Phase, Refusal } from "./line";

export type { AgentState, Ending, Fault, Phase } from "./line";

export interface Words {
  /** Texts of elements with `data-word`, `data-word-label` or `data-word-placeholder`. */
  readonly page: Readonly<Record<PageWord, string>>;
  readonly phases: Readonly<Record<Phase, string>>;
  readonly agentStates: Readonly<Record<AgentState, string>>;
  readonly faults: Readonly<Record<Fault, string>>;
  readonly endings: Readonly<Record<Ending, string>>;
  /** Why a call was not accepted, by HTTP status; 0 for any other. */
  readonly refusals: Readonly<Record<RefusedStatus, string>>;
  readonly tryAgainIn: (wait: string) => string;
  /** What the agent does, by the tool it uses; "" for any other. */
  readonly tools: Readonly<Record<string, string>>;
  readonly conditions: Readonly<Record<Sky, string>>;
  readonly appointment: Readonly<Record<"booked" | "moved" | "cancelled", string>>;
  readonly card: Readonly<Record<CardWord, string>>;
  readonly handedOver: (persona: string) => string;
  readonly perMinute: (amount: string) => string;
}

export type PageWord =
  | "title"
  | "disclosure"
  | "start"
  | "startAgain"
  | "unlock"
  | "mute"
  | "unmute"
  | "hangUp"
  | "send"
  | "message"
  | "messageHint"
  | "captions"
  | "you"
  | "assistant"
  | "microphoneLevel"
  | "settings"
  | "close"
  | "sound"
  | "microphone"
  | "speaker"
  | "defaultDevice"
  | "unnamedDevice"
  | "testMicrophone"
  | "stopTest"
  | "echoCancellation"
  | "noiseSuppression"
  | "autoGainControl"
  | "halfDuplex"
  | "halfDuplexHint"
  | "nextCall"
  | "persona"
  | "language"
  | "pipeline"
  | "cascade"
  | "realtime"
  | "voice"
  | "usualVoice"
  | "mode"
  | "room"
  | "direct"
  | "pageLanguage"
  | "transcript"
  | "copy"
  | "copied"
  | "asText"
  | "asSubtitles"
  | "helpful"
  | "thumbUp"
  | "thumbDown"
  | "thanks"
  | "time"
  | "cost"
  | "microphoneLost"
  | "microphoneFailed"
  | "soundFailed"
  | "messageFailed"
  | "muteFailed"
  | "ratingFailed"
  | "copyFailed"
  | "earlier"
  | "announce";

export type CardWord = "highLow" | "rain" | "wind" | "usual" | "reference";
export type Sky = "clear" | "cloudy" | "fog" | "rain" | "snow" | "storm";
export type RefusedStatus = 0 | 401 | 403 | 429 | 503;

/** What the status line says; an agent's state counts once it is in the call. */
export function statusWords(
  words: Words,
  phase: Phase,
  state: AgentState | undefined,
  tool: string | undefined,
): string {
  if (phase !== "live" || state === undefined) return words.phases[phase];
  const works = tool !== undefined && state !== "speaking";
  return works ? (words.tools[tool] ?? words.tools[""] ?? "") : words.agentStates[state];
}

/** Something to tell a person: in the page's language, and then in the server's own words. */
export interface Told {
  readonly text: string;
  readonly quoted?: string;
  readonly then?: string;
}

/** What went wrong and what to do. */
export function faultWords(
  words: Words,
  language: string,
  fault: Fault,
  detail?: string | Refusal,
): Told {
  if (detail === undefined) return { text: words.faults[fault] };
  if (typeof detail === "string") return { text: words.faults[fault], quoted: detail };
  const { status, message, retryAfterS } = detail;
  const text = words.refusals[status as RefusedStatus] ?? words.refusals[0];
  if (retryAfterS === undefined) return { text, quoted: message };
  return { text, quoted: message, then: words.tryAgainIn(duration(language, retryAfterS)) };
}

/** A time to wait, in the largest unit in which it is a few. */
export function duration(language: string, seconds: number): string {
  const [amount, unit] =
    seconds < 100
      ? [Math.max(1, seconds), "second"]
      : seconds < 100 * 60
        ? [Math.ceil(seconds / 60), "minute"]
        : [Math.ceil(seconds / 3600), "hour"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(
    amount,
  );
}

/** The sky that a condition in English words speaks of. */
export function sky(condition: string): Sky {
  const has = (...parts: string[]) => parts.some((part) => condition.toLowerCase().includes(part));
  if (has("thunder", "hail")) return "storm";
  if (has("snow", "sleet")) return "snow";
  if (has("rain", "drizzle", "shower")) return "rain";
  if (has("fog", "mist")) return "fog";
  return has("cloud", "overcast") ? "cloudy" : "clear";
}
