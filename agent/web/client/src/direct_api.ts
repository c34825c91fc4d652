/** What our server gives a page for a call with the provider, and takes from it. */
import { seconds } from "./token";

/** The server answered, and its answer was no; the message is its own sentence. */
export class DirectRefused extends Error {
  constructor(
    message: string,
    /** Of HTTP. */
    readonly status: number,
    /** After which it is worth another try, where the server knows. */
    readonly retryAfterS: number | undefined,
  ) {
    super(message);
  }
}

/** A call that may begin. */
export interface Beginning {
  /** Opens the provider's session, for a minute or so. */
  readonly secret: string;
  /** Where to post the offer. */
  readonly callsUrl: string;
  /** Proves this call to our server. */
  readonly token: string;
  /** Instructions for the agent's first reply. */
  readonly firstWords: string;
  readonly leftS: number;
}

/** How a tool ended. */
export interface ToolAnswer {
  readonly output: string;
  readonly silent: boolean;
  /** Instructions for a reply that asks the caller something; empty for none. */
  readonly say: string;
  readonly hangUp: boolean;
}

/** One thing that happened; the kinds are those of `agent/web/direct/wire.py`. */
export type Reported =
  | { kind: "turn_began"; item_id: string }
  | { kind: "turn_heard"; item_id: string; text: string }
  | {
      kind: "turn_spoken";
      item_id: string;
      text: string;
      heard: string;
      interrupted: boolean;
      answers: string;
    }
  | { kind: "used"; by: "model" | "transcription"; usage: unknown }
  | { kind: "fault"; code: string; message: string }
  | { kind: "ended"; reason: EndReason };

export type EndReason =
  | "hung up"
  | "agent hung up"
  | "page closed"
  | "connection lost"
  | "time is over";

/** How long a call may go on, and why it must end now, if it must. */
export interface Standing {
  readonly leftS: number;
  readonly over: string;
}

const BEGIN_LIMIT_MS = 20_000;
/** A tool may take a minute, and its effect is waited for. */
const TOOL_LIMIT_MS = 75_000;
const REPORT_LIMIT_MS = 10_000;
const MOST_TEXT = 8_000;
const ANSWER_FAILED =
  "It is not known whether that was done, because the connection failed. Say so, and do not try it again.";

/** Asks for a call. Rejects with DirectRefused, or another error if the server is unreachable. */
export async function beginDirect(
  options: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>>,
): Promise<Beginning> {
  const answer = await post("client-secret", options, headers, BEGIN_LIMIT_MS);
  if (answer.status !== 201) {
    const words = text(answer, "message") || `It answered ${answer.status}.`;
    throw new DirectRefused(words, answer.status, answer.retryAfterS);
  }
  return {
    secret: text(answer, "value"),
    callsUrl: text(answer, "calls_url"),
    token: text(answer, "call_token"),
    firstWords: text(answer, "first_words"),
    leftS: number(answer, "left_s"),
  };
}

/** Has our server run a tool. Never rejects: what fails is told to the model in words. */
export async function useTool(
  token: string,
  name: string,
  call: { call_id: string; arguments: string },
): Promise<ToolAnswer> {
  const path = `tools/${encodeURIComponent(name)}`;
  const answer = await post(path, call, proof(token), TOOL_LIMIT_MS).catch(() => undefined);
  const output = answer?.status === 200 ? text(answer, "output") : answer && text(answer, "message");
  return {
    output: output ?? ANSWER_FAILED,
    silent: answer?.body["silent"] === true,
    say: answer ? text(answer, "say") : "",
    hangUp: answer?.body["hang_up"] === true,
  };
}

/**
 * Tells our server what happened. Undefined when it does not know the call any more; rejects when it
 * cannot take the report now.
 */
export async function report(
  token: string,
  events: readonly Reported[],
  leaving = false,
): Promise<Standing | undefined> {
  const answer = await post("report", { events }, proof(token), REPORT_LIMIT_MS, leaving);
  if (answer.status === 401 || answer.status === 410) return undefined;
  if (answer.status >= 500) throw new TypeError(`The server answered ${answer.status}.`);
  return { leftS: number(answer, "left_s"), over: text(answer, "over") };
}

/** A text as long as our server takes it. */
export function fit(words: string): string {
  return words.slice(0, MOST_TEXT);
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterS: number | undefined;
}

const proof = (token: string) => ({ Authorization: `Bearer ${token}` });

async function post(
  path: string,
  message: unknown,
  headers: Readonly<Record<string, string>>,
  limitMs: number,
  keepalive = false,
): Promise<Answer> {
  const response = await fetch(`api/realtime/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(message),
    // A report that leaves with the page outlives it.
    keepalive,
    signal: AbortSignal.timeout(limitMs),
  });
  const body: unknown = await response.json().catch(() => ({}));
  const known = typeof body === "object" && body !== null && !Array.isArray(body);
  return {
    status: response.status,
    body: known ? (body as Record<string, unknown>) : {},
    retryAfterS: seconds(response.headers),
  };
}

function text(answer: Answer, name: string): string {
  const value = answer.body[name];
  return typeof value === "string" ? value : "";
}

function number(answer: Answer, name: string): number {
  const value = answer.body[name];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
