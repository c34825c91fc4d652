import type { ParleyEvent } from "./events.gen";

/** Where the agent's side tells of a call. */
export const TOPIC = "parley.events";

const LARGEST_BYTES = 64 * 1024;

/** The event of a packet; undefined for what is none, or of a version this page does not know. */
export function readEvent(payload: Uint8Array): ParleyEvent | undefined {
  if (payload.byteLength > LARGEST_BYTES) return undefined;
  try {
    const event: unknown = JSON.parse(new TextDecoder().decode(payload));
    const { version, type } = (event ?? {}) as { version?: unknown; type?: unknown };
    return version === 1 && typeof type === "string" ? (event as ParleyEvent) : undefined;
  } catch {
    return undefined;
  }
}
