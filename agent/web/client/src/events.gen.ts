// Made by scripts/event-types from agent/publishing/events.py. Do not edit.

export type ParleyEvent =
  | CallStarted
  | CallEnded
  | StateChanged
  | TurnStarted
  | TurnEnded
  | TranscriptFinal
  | ToolStarted
  | ToolFinished
  | ApprovalRequested
  | ApprovalSettled
  | HandedOver
  | GuardrailTripped
  | Interrupted
  | Recovered
  | CostChanged
  | BudgetReached
  | ConsentDecided
  | FeedbackGiven
  | ErrorOccurred;

/**
 * The call goes on from here. It is the first event for every receiver, and comes again, as the
 * first of a new sequence, when a participant joins later or comes back.
 */
export interface CallStarted {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  agent_state: "initializing" | "idle" | "listening" | "thinking" | "speaking";
  caller_state: "speaking" | "listening" | "away";
  persona: string;
  pipeline: "realtime" | "cascade";
  /**
   * A BCP 47 tag.
   */
  language: string;
  /**
   * Whether the agent does not hear the caller because they asked for that.
   */
  muted: boolean;
  type: "call_started";
  started_at: string;
  /**
   * Whether the receiver joins a call that had begun before.
   */
  resumed: boolean;
  /**
   * What it has cost so far; null where that is not told.
   */
  spent_usd: string | null;
}
/**
 * The call is over.
 */
export interface CallEnded {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "call_ended";
  /**
   * Such as `agent hung up`; new ones may come.
   */
  reason: string;
  duration_s: number;
  spent_usd: string | null;
}
/**
 * The agent or the caller began or ceased to speak, or something else of this has changed.
 */
export interface StateChanged {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  agent_state: "initializing" | "idle" | "listening" | "thinking" | "speaking";
  caller_state: "speaking" | "listening" | "away";
  persona: string;
  pipeline: "realtime" | "cascade";
  /**
   * A BCP 47 tag.
   */
  language: string;
  /**
   * Whether the agent does not hear the caller because they asked for that.
   */
  muted: boolean;
  type: "state_changed";
}
/**
 * Somebody begins to speak. A sound of the caller's that was no word has no end, and is
 * followed by a turn with the next number.
 */
export interface TurnStarted {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "turn_started";
  /**
   * Its number in the call, the turns of both counted together.
   */
  turn: number;
  speaker: "caller" | "agent";
}
/**
 * A turn is over.
 */
export interface TurnEnded {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "turn_ended";
  turn: number;
  speaker: "caller" | "agent";
  /**
   * Who of the agent's characters spoke; empty for the caller.
   */
  persona: string;
  interrupted: boolean;
  /**
   * Whether the caller wrote it.
   */
  typed: boolean;
  started_at: string | null;
  ended_at: string | null;
  latency_s: Latencies;
}
/**
 * In seconds; null where it is not known.
 */
export interface Latencies {
  /**
   * From the caller's last word to its transcript.
   */
  transcription: number | null;
  /**
   * From the caller's last word to the decision that the turn was over.
   */
  end_of_turn: number | null;
  model_first_token: number | null;
  voice_first_audio: number | null;
  /**
   * From the first audio to the first sound in the room.
   */
  playback: number | null;
  /**
   * From the caller's last word to the agent's first sound.
   */
  whole: number | null;
}
/**
 * What was said in a turn: by the agent, as far as it was heard. What is personal is left out
 * as it is in records; a caller who has not agreed to be recorded is not quoted.
 */
export interface TranscriptFinal {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "transcript_final";
  turn: number;
  speaker: "caller" | "agent";
  text: string;
}
/**
 * A tool runs.
 */
export interface ToolStarted {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "tool_started";
  /**
   * Names this run in the call.
   */
  run: string;
  tool: string;
  /**
   * Without what is private; long ones are cut, nested ones are JSON.
   */
  arguments: {
    [k: string]: string | number | boolean | null;
  };
}
/**
 * A call of a tool has come to its end. One that was refused never started.
 */
export interface ToolFinished {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "tool_finished";
  run: string;
  tool: string;
  arguments: {
    [k: string]: string | number | boolean | null;
  };
  /**
   * `unknown`: an effect that may have happened or not.
   */
  outcome: "done" | "refused" | "failed" | "timed_out" | "unknown";
  took_s: number;
  /**
   * What to show for it.
   */
  card: (WeatherCard | AppointmentCard) | null;
}
/**
 * The weather of one day in one place.
 */
export interface WeatherCard {
  kind: "weather";
  place: string;
  /**
   * In the place itself.
   */
  day: string;
  /**
   * In English words, such as "light rain".
   */
  condition: string;
  /**
   * What it is now; of another day than today, or where that is not known, the day's high.
   */
  temperature_c: number;
  high_c: number;
  low_c: number;
  /**
   * How likely rain or snow is; null where that is not forecast.
   */
  rain_percent: number | null;
  wind_kmh: number | null;
  /**
   * False where it is only what is usual in that month.
   */
  forecast: boolean;
}
/**
 * What became of an appointment.
 */
export interface AppointmentCard {
  kind: "appointment";
  action: "booked" | "moved" | "cancelled";
  /**
   * What it is about. Empty where the caller did not say, and for all but the caller.
   */
  subject: string;
  /**
   * With the offset of the business's clock.
   */
  starts_at: string;
  ends_at: string;
  /**
   * Four to six digits.
   */
  reference: string;
}
/**
 * A tool waits for an operator, who answers with the RPC `parley.approve_tool`.
 */
export interface ApprovalRequested {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "approval_requested";
  id: string;
  tool: string;
  arguments: {
    [k: string]: string | number | boolean | null;
  };
}
/**
 * The operator has answered, or nobody did in time.
 */
export interface ApprovalSettled {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "approval_settled";
  id: string;
  /**
   * Null where nobody answered.
   */
  approved: boolean | null;
}
/**
 * Another persona speaks from now on.
 */
export interface HandedOver {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "handed_over";
  before: string;
  persona: string;
  /**
   * Whether the caller had been with this one before.
   */
  back: boolean;
}
/**
 * A rule did not let something pass.
 */
export interface GuardrailTripped {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "guardrail_tripped";
  rule: string;
  persona: string;
  /**
   * Whether the caller said it, or the agent was about to.
   */
  side: "input" | "output";
}
/**
 * The caller talked over the agent, whose turn ended early.
 */
export interface Interrupted {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "interrupted";
  /**
   * The agent's.
   */
  turn: number;
  persona: string;
}
/**
 * Something was done about trouble in the call.
 */
export interface Recovered {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "recovered";
  trouble: string;
  step: string;
  /**
   * How long the caller had been without what they were owed; null where that is not it.
   */
  waited_s: number | null;
}
/**
 * The call's bill, at most every two seconds. Callers get it only where they may.
 */
export interface CostChanged {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "cost_changed";
  spent_usd: string;
  /**
   * What the last minute has cost, without a telephone line.
   */
  rate_usd_per_minute: string;
  /**
   * Models that were used and have no price: the sum is without them.
   */
  unpriced: string[];
}
/**
 * A budget is nearly spent, or spent; then the call is taken leave of. Not told to callers
 * where the cost is not.
 */
export interface BudgetReached {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "budget_reached";
  budget: "call" | "day" | "tenant";
  spent_usd: string;
  limit_usd: string;
  is_spent: boolean;
}
/**
 * The caller has said whether the call may be recorded.
 */
export interface ConsentDecided {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "consent_decided";
  state: "given" | "refused";
}
/**
 * What the caller thinks of the call.
 */
export interface FeedbackGiven {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "feedback_given";
  rating: 1 | 2 | 3 | 4 | 5 | "up" | "down";
  comment: string;
}
/**
 * A provider failed; what is done about it is told by `recovered` and `call_ended`.
 */
export interface ErrorOccurred {
  version: 1;
  /**
   * The event's place in what this receiver is told, from 1. One that is missing was lost on its
   * way, or was dropped because the receiver was slow.
   */
  sequence: number;
  /**
   * When it happened, in UTC; never before an earlier event of the call.
   */
  at: string;
  call_id: string;
  type: "error";
  source: string;
  /**
   * The name of the error.
   */
  kind: string;
  recoverable: boolean;
}
