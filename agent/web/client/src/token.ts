/** Where to connect and with which right: the answer of the token endpoint. */
export interface Credentials {
  readonly serverUrl: string;
  readonly token: string;
  /** Proves to this page's server which call it was. */
  readonly resumeToken: string;
}

/** The server answered, and its answer was no; the message is its own sentence. */
export class TokenRefused extends Error {}

/** Options of one call, which the page's address may carry: `/?pipeline=realtime&language=de`. */
export type CallOptions = Readonly<Record<string, string>>;

const OPTIONS = ["persona", "pipeline", "language", "voice"];

/** The call options in an address's query; what else stands there is not ours. */
export function callOptions(query: string): CallOptions {
  const given = new URLSearchParams(query);
  return Object.fromEntries([...given].filter(([name]) => OPTIONS.includes(name)));
}

/** Asks this page's server for a call. Rejects with TokenRefused, or TypeError if unreachable. */
export async function fetchCredentials(
  options: CallOptions,
  signal: AbortSignal,
): Promise<Credentials> {
  const metadata = JSON.stringify(options);
  const { status, field } = await post("api/token", { room_config: { agents: [{ metadata }] } }, signal);
  if (status !== CREATED) throw new TokenRefused(field("message") || `It answered ${status}.`);
  return credentials(field);
}

/**
 * Asks this page's server to be let back into a call; undefined when that call is over. Rejects
 * with TypeError if it does not know.
 */
export async function fetchReturn(
  resumeToken: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const { status, field } = await post("api/token/resume", { resume_token: resumeToken }, signal);
  if (status === CREATED) return credentials(field);
  if (OVER.includes(status)) return undefined;
  throw new TypeError(`The server answered ${status}.`);
}

const CREATED = 201;
/** The proof is not valid any more, or the call has ended. */
const OVER = [403, 410];

type Field = (name: string) => string;

function credentials(field: Field): Credentials {
  return {
    serverUrl: field("server_url"),
    token: field("participant_token"),
    resumeToken: field("resume_token"),
  };
}

/** Sends JSON and gives the answer's text fields; one that is missing is empty. */
async function post(
  path: string,
  message: unknown,
  signal: AbortSignal,
): Promise<{ status: number; field: Field }> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(message),
    signal,
  });
  const body: unknown = await response.json().catch(() => ({}));
  const field = (name: string): string => {
    const value = (body as Record<string, unknown> | null)?.[name];
    return typeof value === "string" ? value : "";
  };
  return { status: response.status, field };
}
