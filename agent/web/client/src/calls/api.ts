/** Who reads, as the server sees it. */
export interface Operator {
  readonly name: string;
  readonly role: "viewer" | "operator" | "privacy_officer";
}

export interface CallSummary {
  readonly id: string;
  readonly room: string;
  readonly state: "open" | "closed" | "lost";
  readonly started_at: string;
  readonly heartbeat_at: string;
  readonly ended_at: string | null;
  readonly caller_identity: string | null;
  readonly caller_number: string | null;
  readonly persona: string | null;
  readonly pipeline: string | null;
  readonly close_reason: string | null;
}

/** An event of a call. What else it has depends on its kind, on the version that wrote it and on the
 * reader's role: nothing of it may be relied upon. */
export interface Entry {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly [name: string]: unknown;
}

export interface CallPage {
  readonly calls: readonly CallSummary[];
  readonly cursor: string | null;
}

export interface CallRecord extends CallSummary {
  readonly entries: readonly Entry[];
  /** With this, the next request brings what has come since. */
  readonly after: number;
  readonly audio: boolean;
}

export interface Times {
  readonly count: number;
  readonly p50_s: number | null;
  readonly p95_s: number | null;
}

export interface Counted {
  readonly calls: number;
  readonly states: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly duration: Times;
  readonly response: Times;
  readonly usd: string;
  readonly unpriced: readonly string[];
  readonly interruptions: number;
  readonly tool_calls: number;
  readonly tool_failures: number;
}

export interface Statistics {
  readonly total: Counted;
  readonly days: readonly (Counted & { readonly day: string })[];
  readonly is_whole: boolean;
}

/** The server answered, and its answer was no; the message is its own sentence. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const KEY = "parley.operator";

/** The records of this page's server. Its methods reject with Refused, or TypeError if it cannot be
 * reached. The token is kept by the tab, so that a reload does not ask again. */
export class Api {
  private token = readToken();

  get hasToken(): boolean {
    return this.token !== "";
  }

  use(token: string): void {
    this.token = token.trim();
    try {
      if (this.token === "") sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, this.token);
    } catch {
      // Storage is forbidden: then a reload asks again.
    }
  }

  operator(): Promise<Operator> {
    return this.json("operator");
  }

  calls(filters: Readonly<Record<string, string>>, signal: AbortSignal): Promise<CallPage> {
    return this.json(`calls?${new URLSearchParams(filters)}`, signal);
  }

  call(id: string, after: number, signal: AbortSignal): Promise<CallRecord> {
    return this.json(`calls/${encodeURIComponent(id)}?after=${after}`, signal);
  }

  statistics(since: string): Promise<Statistics> {
    return this.json(`calls/stats?${new URLSearchParams({ since })}`);
  }

  async audio(id: string): Promise<Blob> {
    return (await this.ask(`calls/${encodeURIComponent(id)}/audio`)).blob();
  }

  async export(id: string, format: string): Promise<Blob> {
    return (await this.ask(`calls/${encodeURIComponent(id)}/export?format=${format}`)).blob();
  }

  private async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await (await this.ask(path, signal)).json()) as T;
  }

  private async ask(path: string, signal?: AbortSignal): Promise<Response> {
    const headers: HeadersInit = this.token === "" ? {} : { Authorization: `Bearer ${this.token}` };
    const answer = await fetch(`api/${path}`, {
      headers,
      signal: signal ?? null,
      credentials: "omit",
      cache: "no-store",
    });
    if (answer.ok) return answer;
    const body = (await answer.json().catch(() => null)) as { message?: unknown } | null;
    const message = typeof body?.message === "string" ? body.message : `It answered ${answer.status}.`;
    throw new Refused(answer.status, message);
  }
}

function readToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
