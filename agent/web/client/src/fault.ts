import { ConnectionError, ConnectionErrorReason } from "livekit-client";
import type { Fault, Refusal } from "./line";
import { TokenRefused } from "./token";

const TOKEN_TIMEOUT_MS = 10_000;

/** Ends a call; what the page says of it goes by the fault. */
export class CallFault extends Error {
  constructor(
    readonly fault: Fault,
    readonly detail?: string | Refusal,
  ) {
    super(fault);
  }
}

/** What this page's server answers in time. Rejects with a CallFault. */
export async function obtain<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await ask(AbortSignal.timeout(TOKEN_TIMEOUT_MS));
  } catch (error) {
    if (error instanceof TokenRefused) throw new CallFault("token-refused", error);
    throw new CallFault("server-unreachable");
  }
}

/** Why a room could not be joined. */
export function connectionFault(error: unknown): CallFault {
  const refused =
    error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed;
  return new CallFault(refused ? "token-refused" : "server-unreachable");
}
