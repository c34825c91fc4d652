/** A call as the page knows it, whichever way it is made. */
import type { Caption } from "./captions";
import type { ParleyEvent } from "./events.gen";
import type { KeptCall } from "./kept";

/** How far a call has come. */
export type Phase =
  | "idle"
  | "connecting"
  | "returning"
  | "waiting"
  | "live"
  | "reconnecting"
  | "ended"
  | "failed";

const AGENT_STATES = ["initializing", "idle", "listening", "thinking", "speaking"] as const;

/** Values of the attribute `lk.agent.state` that LiveKit agents set. */
export type AgentState = (typeof AGENT_STATES)[number];

/** The state an attribute names, or undefined for none and for one this page does not know. */
export function agentState(value: string | undefined): AgentState | undefined {
  return AGENT_STATES.find((state) => state === value);
}

/** Why a call could not be made or kept. */
export type Fault =
  | "insecure-page"
  | "no-microphone"
  | "microphone-refused"
  | "microphone-busy"
  | "server-unreachable"
  | "token-refused"
  | "no-agent"
  | "agent-failed"
  | "agent-lost"
  | "connection-lost";

/** Why a call has ended that went well until then; most need no words. */
export type Ending = "elsewhere" | "idle";

/** How a server said no. */
export interface Refusal {
  /** Of HTTP. */
  readonly status: number;
  /** The server's own sentence. */
  readonly message: string;
  /** After which it is worth another try, where the server knows. */
  readonly retryAfterS?: number | undefined;
}

/** What a call tells whoever shows it. */
export interface CallListener {
  phase(phase: Phase): void;
  /** The call is over for this reason; the phase is already `failed`. */
  fault(fault: Fault, detail?: string | Refusal): void;
  /** The call is over for this reason; the phase is already `ended`. */
  ending(ending: Ending): void;
  agentState(state: AgentState | undefined): void;
  caption(caption: Caption): void;
  /** Something of `parley.events`. */
  event(event: ParleyEvent): void;
  /** The caller's microphone is open; called again when it had to be opened anew. */
  microphone(track: MediaStreamTrack): void;
  /** The microphone in use is gone; the default one is tried in its place. */
  microphoneLost(): void;
  /** Whether the agent hears the caller; with no microphone left it does not. */
  muted(muted: boolean): void;
  /** The agent can be heard through this element, which is the listener's to place and remove. */
  agentAudio(element: HTMLMediaElement, track: MediaStreamTrack): void;
  /** That element will play no more. */
  agentAudioGone(element: HTMLMediaElement): void;
  /** The browser plays no sound before the caller has pressed something: see `unlockAudio`. */
  audioBlocked(blocked: boolean): void;
}

/** Which devices a call uses and what is done to the caller's sound; empty ids are the default. */
export interface AudioChoices {
  readonly microphone: string;
  readonly speaker: string;
  readonly echoCancellation: boolean;
  readonly noiseSuppression: boolean;
  readonly autoGainControl: boolean;
}

export type Rating = "up" | "down";

/** One call, from opening the microphone until it is over. Make a new one for the next call. */
export interface Line {
  /** Begins, or returns to a call that was kept. Never rejects: faults go to the listener. */
  start(kept?: KeptCall): Promise<void>;
  /** Sends typed text to the agent and shows it. Rejects when it cannot be sent. */
  say(text: string): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  /** Lets the agent be heard; call it from a click. */
  unlockAudio(): Promise<void>;
  hangUp(): void;
  /** Leaves with the page. What is kept brings the call back if the page was reloaded. */
  leavePage(captions: readonly Caption[]): void;
  /** Goes on with other devices. Rejects when they cannot be used; then the old ones stay. */
  useAudio?(audio: AudioChoices): Promise<void>;
  /** Tells the agent's side what the caller thinks of the call. Rejects when it did not hear. */
  rate?(rating: Rating): Promise<void>;
}
