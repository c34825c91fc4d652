"""The events of a call as others are told them: one JSON object each, of version 1.

Within a version fields and types are only added, so a reader must bear those it does not know.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from agent.call.cards import AppointmentCard, WeatherCard

VERSION = 1
TOPIC = "parley.events"

AgentState = Literal["initializing", "idle", "listening", "thinking", "speaking"]
CallerState = Literal["speaking", "listening", "away"]
Speaker = Literal["caller", "agent"]
Usd = Annotated[str, Field(pattern=r"^\d+\.\d{6}$")]
"""US dollars as a decimal number, so that no reader rounds it."""
Value = str | int | float | bool | None

_TOLD = ConfigDict(
    frozen=True,
    use_attribute_docstrings=True,
    hide_input_in_errors=True,
    # Every field is sent, also one that has its default.
    json_schema_serialization_defaults_required=True,
)


class Base(BaseModel):
    """What every event has."""

    model_config = _TOLD

    version: Literal[1] = 1
    sequence: int = Field(default=0, ge=0)
    """The event's place in what this receiver is told, from 1. One that is missing was lost on its
    way, or was dropped because the receiver was slow.
    """
    at: AwareDatetime
    """When it happened, in UTC; never before an earlier event of the call."""
    call_id: str


class Standing(Base):
    """How a call stands."""

    agent_state: AgentState
    caller_state: CallerState
    persona: str
    pipeline: Literal["realtime", "cascade"]
    language: str
    """A BCP 47 tag."""
    muted: bool
    """Whether the agent does not hear the caller because they asked for that."""


class CallStarted(Standing):
    """The call goes on from here. It is the first event for every receiver, and comes again, as the
    first of a new sequence, when a participant joins later or comes back.
    """

    type: Literal["call_started"] = "call_started"
    started_at: AwareDatetime
    resumed: bool
    """Whether the receiver joins a call that had begun before."""
    spent_usd: Usd | None = None
    """What it has cost so far; null where that is not told."""


class CallEnded(Base):
    """The call is over."""

    type: Literal["call_ended"] = "call_ended"
    reason: str
    """Such as `agent hung up`; new ones may come."""
    duration_s: float
    spent_usd: Usd | None = None


class StateChanged(Standing):
    """The agent or the caller began or ceased to speak, or something else of this has changed."""

    type: Literal["state_changed"] = "state_changed"


class TurnStarted(Base):
    """Somebody begins to speak. A sound of the caller's that was no word has no end, and is
    followed by a turn with the next number.
    """

    type: Literal["turn_started"] = "turn_started"
    turn: int
    """Its number in the call, the turns of both counted together."""
    speaker: Speaker


class Latencies(BaseModel):
    """In seconds; null where it is not known."""

    model_config = _TOLD

    transcription: float | None = None
    """From the caller's last word to its transcript."""
    end_of_turn: float | None = None
    """From the caller's last word to the decision that the turn was over."""
    model_first_token: float | None = None
    voice_first_audio: float | None = None
    playback: float | None = None
    """From the first audio to the first sound in the room."""
    whole: float | None = None
    """From the caller's last word to the agent's first sound."""


class TurnEnded(Base):
    """A turn is over."""

    type: Literal["turn_ended"] = "turn_ended"
    turn: int
    speaker: Speaker
    persona: str
    """Who of the agent's characters spoke; empty for the caller."""
    interrupted: bool
    typed: bool
    """Whether the caller wrote it."""
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    latency_s: Latencies


class TranscriptFinal(Base):
    """What was said in a turn: by the agent, as far as it was heard. What is personal is left out
    as it is in records; a caller who has not agreed to be recorded is not quoted.
    """

    type: Literal["transcript_final"] = "transcript_final"
    turn: int
    speaker: Speaker
    text: str


class ToolStarted(Base):
    """A tool runs."""

    type: Literal["tool_started"] = "tool_started"
    run: str
    """Names this run in the call."""
    tool: str
    arguments: dict[str, Value]
    """Without what is private; long ones are cut, nested ones are JSON."""


ToolOutcome = Literal["done", "refused", "failed", "timed_out", "unknown"]


class ToolFinished(Base):
    """A call of a tool has come to its end. One that was refused never started."""

    type: Literal["tool_finished"] = "tool_finished"
    run: str
    tool: str
    arguments: dict[str, Value]
    outcome: ToolOutcome
    """`unknown`: an effect that may have happened or not."""
    took_s: float
    card: Annotated[WeatherCard | AppointmentCard, Field(discriminator="kind")] | None = None
    """What to show for it."""


class ApprovalRequested(Base):
    """A tool waits for an operator, who answers with the RPC `parley.approve_tool`."""

    type: Literal["approval_requested"] = "approval_requested"
    id: str
    tool: str
    arguments: dict[str, Value]


class ApprovalSettled(Base):
    """The operator has answered, or nobody did in time."""

    type: Literal["approval_settled"] = "approval_settled"
    id: str
    approved: bool | None
    """Null where nobody answered."""


class HandedOver(Base):
    """Another persona speaks from now on."""

    type: Literal["handed_over"] = "handed_over"
    before: str
    persona: str
    back: bool
    """Whether the caller had been with this one before."""


class GuardrailTripped(Base):
    """A rule did not let something pass."""

    type: Literal["guardrail_tripped"] = "guardrail_tripped"
    rule: str
    persona: str
    side: Literal["input", "output"]
    """Whether the caller said it, or the agent was about to."""


class Interrupted(Base):
    """The caller talked over the agent, whose turn ended early."""

    type: Literal["interrupted"] = "interrupted"
    turn: int
    """The agent's."""
    persona: str


class Recovered(Base):
    """Something was done about trouble in the call."""

    type: Literal["recovered"] = "recovered"
    trouble: str
    step: str
    waited_s: float | None
    """How long the caller had been without what they were owed; null where that is not it."""


class CostChanged(Base):
    """The call's bill, at most every two seconds. Callers get it only where they may."""

    type: Literal["cost_changed"] = "cost_changed"
    spent_usd: Usd
    rate_usd_per_minute: Usd
    """What the last minute has cost, without a telephone line."""
    unpriced: list[str]
    """Models that were used and have no price: the sum is without them."""


class BudgetReached(Base):
    """A budget is nearly spent, or spent; then the call is taken leave of. Not told to callers
    where the cost is not.
    """

    type: Literal["budget_reached"] = "budget_reached"
    budget: Literal["call", "day", "tenant"]
    spent_usd: Usd
    limit_usd: Usd
    is_spent: bool


class ConsentDecided(Base):
    """The caller has said whether the call may be recorded."""

    type: Literal["consent_decided"] = "consent_decided"
    state: Literal["given", "refused"]


class FeedbackGiven(Base):
    """What the caller thinks of the call."""

    type: Literal["feedback_given"] = "feedback_given"
    rating: Literal[1, 2, 3, 4, 5, "up", "down"]
    comment: str


class ErrorOccurred(Base):
    """A provider failed; what is done about it is told by `recovered` and `call_ended`."""

    type: Literal["error"] = "error"
    source: str
    kind: str
    """The name of the error."""
    recoverable: bool


AnyEvent = (
    CallStarted
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
    | ErrorOccurred
)

Event = Annotated[AnyEvent, Field(discriminator="type")]

_TYPES: tuple[Any, ...] = (
    *(CallStarted, CallEnded, StateChanged, TurnStarted, TurnEnded, TranscriptFinal),
    *(ToolStarted, ToolFinished, ApprovalRequested, ApprovalSettled, HandedOver),
    *(GuardrailTripped, Interrupted, Recovered, CostChanged, BudgetReached, ConsentDecided),
    *(FeedbackGiven, ErrorOccurred),
)

EVENT_NAMES: tuple[str, ...] = tuple(kind.model_fields["type"].default for kind in _TYPES)
"""The names by which an operator chooses events."""
