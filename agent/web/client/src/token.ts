import type { Refusal } from "./line";
import { bearer } from "./pass";

/** Where to connect and with which right: the answer of the token endpoint. */
export interface Credentials {
  readonly serverUrl: string;
  readonly token: string;
  /** Proves to this page's server which call it was. */
  readonly resumeToken: string;
}

/** The server answered, and its answer was no; the message is its own sentence. */
export class TokenRefused extends Error implements Refusal {
  constructor(
    message: string,
    readonly status: number = 0,
    readonly retryAfterS?: number | undefined,
  ) {
    super(message);
  }
}

/** Options of one call, which the page's address may carry: `/?pipeline=realtime&language=de`. */
export type CallOptions = Readonly<Record<string, string | boolean>>;

const OPTIONS = ["persona", "pipeline", "language", "voice"];

/** The call options in an address's query; what else stands there is not ours. */
export function callOptions(query: string): Record<string, string> {
  const given = new URLSearchParams(query);
  return Object.fromEntries([...given].filter(([name]) => OPTIONS.includes(name)));
}

/** Asks this page's server for a call. Rejects with TokenRefused, or TypeError if unreachable. */
export async function fetchCredentials(
  options: CallOptions,
  signal: AbortSignal,
): Promise<Credentials> {
  const metadata = JSON.stringify(options);
  const answer = await post("api/token", { room_config: { agents: [{ metadata }] } }, signal);
  if (answer.status !== CREATED) throw refused(answer);
  return credentials(answer.field);
}

/**
 * Asks this page's server to be let back into a call; undefined when that call is over. Rejects
 * with TokenRefused where it lets nobody in now, and with TypeError if it does not know.
 */
export async function fetchReturn(
  resumeToken: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const answer = await post("api/token/resume", { resume_token: resumeToken }, signal);
  if (answer.status === CREATED) return credentials(answer.field);
  if (OVER.includes(answer.status)) return undefined;
  if (NOT_NOW.includes(answer.status)) throw refused(answer);
  throw new TypeError(`The server answered ${answer.status}.`);
}

const CREATED = 201;
/** The proof is not valid any more, or the call has ended. */
const OVER = [403, 410];
const NOT_NOW = [401, 429, 503];

type Field = (name: string) => string;

interface Answer {
  readonly status: number;
  readonly field: Field;
  readonly retryAfterS: number | undefined;
}

function refused({ status, field, retryAfterS }: Answer): TokenRefused {
  return new TokenRefused(field("message") || `It answered ${status}.`, status, retryAfterS);
}

function credentials(field: Field): Credentials {
  return {
    serverUrl: field("server_url"),
    token: field("participant_token"),
    resumeToken: field("resume_token"),
  };
}

/** Sends JSON and gives the answer's text fields; one that is missing is empty. */
async function post(path: string, message: unknown, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...bearer() },
    body: JSON.stringify(message),
    signal,
  });
  const body: unknown = await response.json().catch(() => ({}));
  const field = (name: string): string => {
    const value = (body as Record<string, unknown> | null)?.[name];
    return typeof value === "string" ? value : "";
  };
  return { status: response.status, field, retryAfterS: seconds(response.headers) };
}

/** What `Retry-After` says, which may be seconds or a date. */
export function seconds(headers: Headers, now: number = Date.now()): number | undefined {
  const given = headers.get("Retry-After")?.trim();
  if (!given) return undefined;
  const wait = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - now) / 1000;
  return Number.isFinite(wait) && wait >= 0 ? Math.ceil(wait) : undefined;
}
