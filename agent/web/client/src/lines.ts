import { Call } from "./call";
import { DirectCall } from "./direct";
import type { AudioChoices, CallListener, Line } from "./line";
import type { CallOptions } from "./token";

/** What every call is given, whichever way it is made. */
type Make = (
  listener: CallListener,
  options: CallOptions,
  agentTimeoutS: number,
  audio: AudioChoices,
) => Line;

/** The ways of making a call that this page knows, by the mode's name in the offer. */
const LINES: Readonly<Record<string, Make>> = {
  room: (...given) => new Call(...given),
  direct: (...given) => new DirectCall(...given),
};

/** Those of the offered modes that this page knows. */
export function knownModes(offered: readonly string[]): string[] {
  return offered.filter((mode) => Object.hasOwn(LINES, mode));
}

/** A call in this mode, or through a room where the page does not know it. */
export function makeLine(mode: string, ...given: Parameters<Make>): Line {
  const make = LINES[mode] ?? LINES["room"];
  if (!make) throw new Error("There is always a room.");
  return make(...given);
}
