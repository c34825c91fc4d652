import type { Caption } from "./captions";

/**
 * What a tab keeps of its call, so that a reload returns to it. It is gone with the call or the
 * tab; a tab that is duplicated takes a copy along, and the call with it.
 */
export interface KeptCall {
  readonly resumeToken: string;
  readonly muted: boolean;
  readonly captions: readonly Caption[];
}

const KEY = "parley.call";

/** Keeps a call in place of the one before. */
export function keepCall(call: KeptCall): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(call));
  } catch {
    // Storage is full or forbidden: then a reload ends the call.
  }
}

/** The call that this tab keeps, if it does. */
export function keptCall(): KeptCall | undefined {
  try {
    return readKeptCall(sessionStorage.getItem(KEY));
  } catch {
    return undefined;
  }
}

/** Keeps no call any more. */
export function forgetCall(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Where nothing can be removed nothing was kept.
  }
}

/** A kept call out of its text; undefined for what another version of this page may have left. */
export function readKeptCall(text: string | null): KeptCall | undefined {
  if (text === null) return undefined;
  let value: Partial<KeptCall> | null;
  try {
    value = JSON.parse(text) as Partial<KeptCall> | null;
  } catch {
    return undefined;
  }
  if (typeof value?.resumeToken !== "string" || value.resumeToken === "") return undefined;
  const captions = Array.isArray(value.captions) ? value.captions.filter(isCaption) : [];
  return { resumeToken: value.resumeToken, muted: value.muted === true, captions };
}

function isCaption(value: unknown): value is Caption {
  const { id, speaker, text, at } = (value ?? {}) as Partial<Caption>;
  return (
    typeof id === "string" &&
    typeof text === "string" &&
    (at === undefined || Number.isFinite(at)) &&
    (speaker === "caller" || speaker === "agent")
  );
}
