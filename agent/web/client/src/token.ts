/** Where to connect and with which right: the answer of the token endpoint. */
export interface Credentials {
  readonly serverUrl: string;
  readonly token: string;
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
  const response = await fetch("api/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ room_config: { agents: [{ metadata: JSON.stringify(options) }] } }),
    signal,
  });
  const body: unknown = await response.json().catch(() => ({}));
  const field = (name: string): string => {
    const value = (body as Record<string, unknown> | null)?.[name];
    return typeof value === "string" ? value : "";
  };
  if (!response.ok) throw new TokenRefused(field("message") || `It answered ${response.status}.`);
  return { serverUrl: field("server_url"), token: field("participant_token") };
}
