/** Everything the page says to a person, in one place. */

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

/** Values of the attribute `lk.agent.state` that LiveKit agents set. */
export type AgentState = "initializing" | "idle" | "listening" | "thinking" | "speaking";

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

const PHASES: Record<Phase, string> = {
  idle: "Ask a question, as you would on the phone.",
  connecting: "Connecting…",
  returning: "Returning to your call…",
  waiting: "Waiting for the assistant…",
  live: "Connected",
  reconnecting: "The connection was lost. Reconnecting…",
  ended: "The call has ended.",
  failed: "Sorry, the call did not work.",
};

const AGENT_STATES: Record<AgentState, string> = {
  initializing: "The assistant is getting ready…",
  idle: "The assistant is waiting.",
  listening: "Listening",
  thinking: "Thinking…",
  speaking: "Speaking",
};

const FAULTS: Record<Fault, string> = {
  "insecure-page":
    "Browsers allow the microphone only on secure pages. Open this page over https, or on localhost.",
  "no-microphone": "No microphone was found. Connect one and start the call again.",
  "microphone-refused":
    "This page may not use your microphone. Allow it in your browser's site settings, then start the call again.",
  "microphone-busy":
    "The microphone could not be opened. Another program may be using it; close that and start the call again.",
  "server-unreachable":
    "The call server cannot be reached. Check your connection and start the call again.",
  "token-refused": "The server did not accept the call.",
  "no-agent": "No assistant has answered the call. Please try again in a moment.",
  "agent-failed":
    "The assistant had to end the call because of a fault. Please try again in a moment.",
  "agent-lost": "The assistant was cut off by a fault. You can start a new call.",
  "connection-lost": "The connection was lost and could not be restored. You can start a new call.",
};

const ENDINGS: Record<Ending, string> = {
  elsewhere: "This call was opened in another window and goes on there.",
  idle: "The assistant hung up because nothing was heard from you.",
};

/** What the status line says; an agent's state counts once it is in the call. */
export function statusWords(phase: Phase, agentState: AgentState | undefined): string {
  return phase === "live" && agentState ? AGENT_STATES[agentState] : PHASES[phase];
}

/** What went wrong and what to do; `detail` is the server's own sentence. */
export function faultWords(fault: Fault, detail?: string): string {
  return detail ? `${FAULTS[fault]} ${detail}` : FAULTS[fault];
}

/** Why a call has ended. */
export function endingWords(ending: Ending): string {
  return ENDINGS[ending];
}

/** The state an attribute names, or undefined for none and for one this page does not know. */
export function agentState(value: string | undefined): AgentState | undefined {
  return value !== undefined && value in AGENT_STATES ? (value as AgentState) : undefined;
}
