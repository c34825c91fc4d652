"""The record of one call: what is written down of it, event by event.

Each event keeps what is personal apart from what is not: the one can be redacted, encrypted and
deleted without the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from agent.call.cards import Card
from agent.call.consent import AnsweredBy
from agent.call.cost import Usage

SCHEMA = 1
"""Of the JSON form. A reader of it must bear kinds of events and fields that it does not know."""

_SAID = {"personal": True, "redacted": True}
_WHO = {"personal": True}
_UNWRITTEN = {"unwritten": True}


def _said(**options: Any) -> Any:
    """What callers or models said: redacted before it is written."""
    return field(metadata=_SAID, **options)


def _who(**options: Any) -> Any:
    """Who it was: by this a caller's records are found again, and so it is not redacted."""
    return field(metadata=_WHO, **options)


@dataclass(frozen=True, slots=True)
class Opened:
    """The call has begun, for the agent."""

    kind: ClassVar[str] = "opened"
    room: str


@dataclass(frozen=True, slots=True)
class ParticipantJoined:
    """The caller is in the room."""

    kind: ClassVar[str] = "participant"
    identity: str = _who()
    phone_number: str | None = _who(default=None)


@dataclass(frozen=True, slots=True)
class PersonaInForce:
    """Who answers the call."""

    kind: ClassVar[str] = "persona"
    persona: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Another persona has taken the floor."""

    kind: ClassVar[str] = "handoff"
    before: str
    persona: str
    back: bool
    """Whether the caller had been with this one before."""


@dataclass(frozen=True, slots=True)
class PipelineInForce:
    """Which models the call goes through from now on."""

    kind: ClassVar[str] = "pipeline"
    pipeline: str
    language: str
    replaced: bool = False
    """Whether it takes the place of one that failed."""


@dataclass(frozen=True, slots=True)
class ClientReports:
    """The caller's own page talks with the provider: from here on, turns, faults and charges are
    what it reports, and nobody has checked them. What tools did is known here.
    """

    kind: ClassVar[str] = "client_reports"
    provider: str
    """Its host."""


@dataclass(frozen=True, slots=True)
class TurnHeard:
    """What the caller said in one turn."""

    kind: ClassVar[str] = "turn_heard"
    item_id: str
    text: str = _said()
    started_at: datetime | None = None
    """None where nobody knows: what was typed has neither."""
    ended_at: datetime | None = None
    latency_s: Mapping[str, float] = field(default_factory=dict)
    """By part: `transcription`, `end_of_turn`."""


@dataclass(frozen=True, slots=True)
class TurnSpoken:
    """What the agent said in one turn."""

    kind: ClassVar[str] = "turn_spoken"
    item_id: str
    """Empty for a reply of which nothing was heard: it is in no history."""
    persona: str
    generated: str = _said()
    """What it was going to say."""
    heard: str = _said()
    """What the caller heard of it."""
    interrupted: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    latency_s: Mapping[str, float] = field(default_factory=dict)
    """By part: `model_first_token`, `voice_first_audio`, `playback`, and `whole`, from the caller's
    last word to the agent's first sound.
    """


@dataclass(frozen=True, slots=True)
class ClipHeard:
    """A recorded sentence was played to the caller, beside the conversation."""

    kind: ClassVar[str] = "clip"
    clip: str
    words: str
    whole: bool
    """Whether it was heard to its end; if not, then perhaps not at all."""


@dataclass(frozen=True, slots=True)
class ToolBegan:
    """A tool runs."""

    kind: ClassVar[str] = "tool_began"
    tool: str
    arguments: Mapping[str, Any] = _said(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """A call of a tool has come to its end, whether or not it ever ran."""

    kind: ClassVar[str] = "tool_ended"
    tool: str
    outcome: str
    took_s: float
    arguments: Mapping[str, Any] = _said(default_factory=dict)
    answer: str = _said(default="")
    """What the model was told."""
    card: Card | None = field(default=None, metadata=_UNWRITTEN)
    """What the tool showed for it: told while the call goes on."""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A tool waits for an operator's yes."""

    kind: ClassVar[str] = "approval_asked"
    id: str
    tool: str
    arguments: Mapping[str, Any] = _said(default_factory=dict)
    """As the operator reads them."""


@dataclass(frozen=True, slots=True)
class ApprovalAnswer:
    """An operator has answered, or nobody did."""

    kind: ClassVar[str] = "approval_settled"
    id: str
    tool: str
    approved: bool | None
    by: str = ""
    """The operator's identity in the room."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the caller thinks of the call. Of several in one call, the last stands."""

    kind: ClassVar[str] = "feedback"
    rating: str
    """`1` to `5`, `up` or `down`."""
    comment: str = _said(default="")


@dataclass(frozen=True, slots=True)
class GuardrailTrip:
    """A rule did not let something pass."""

    kind: ClassVar[str] = "guardrail"
    rule: str
    persona: str
    side: Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Something was done about trouble in the call."""

    kind: ClassVar[str] = "recovery"
    trouble: str
    step: str
    waited_s: float | None = None
    """How long the caller had been without what they were owed."""


@dataclass(frozen=True, slots=True)
class Charged:
    """Something was used of a model. Amounts and dollars of these can be added up."""

    kind: ClassVar[str] = "charged"
    model: str
    usd: Decimal
    """What that costs, US dollars."""
    total_usd: Decimal
    """Of the call so far."""
    price_version: str
    unpriced: tuple[str, ...] = ()
    """Models that were used in this call and have no price: the total is without them."""
    host: str = ""
    """Who serves the model, as in its address."""
    usage: Usage = field(default_factory=Usage)
    """How much of it was used now."""


@dataclass(frozen=True, slots=True)
class BudgetNoted:
    """A budget is nearly spent, or spent."""

    kind: ClassVar[str] = "budget"
    budget: Literal["call", "day", "tenant"]
    spent_usd: Decimal
    limit_usd: Decimal
    is_spent: bool


@dataclass(frozen=True, slots=True)
class ConsentNoted:
    """The caller was asked whether what is said may be kept, and this came of it."""

    kind: ClassVar[str] = "consent"
    state: Literal["given", "refused"]
    by: AnsweredBy


@dataclass(frozen=True, slots=True)
class AudioNoted:
    """What becomes of the recording of the call's sound, whose clock is that of this record."""

    kind: ClassVar[str] = "audio"
    state: Literal["begun", "failed", "deleted"]
    """`failed`: it ends here, the call does not. `deleted`: the caller took their consent back."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A provider failed."""

    kind: ClassVar[str] = "fault"
    source: str
    error: str
    """Its kind."""
    recoverable: bool
    message: str = _said(default="")


@dataclass(frozen=True, slots=True)
class Closed:
    """The call is over, in order."""

    kind: ClassVar[str] = "closed"
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing was heard any more of who kept this record; nobody knows how the call ended."""

    kind: ClassVar[str] = "lost"
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event of a kind, or in a form, that only a newer version knows."""

    kind: ClassVar[str] = "unreadable"
    was: str
    content: Mapping[str, Any] = _said(default_factory=dict)


RecordEvent = (
    Opened
    | ParticipantJoined
    | PersonaInForce
    | HandedOver
    | PipelineInForce
    | ClientReports
    | TurnHeard
    | TurnSpoken
    | ClipHeard
    | ToolBegan
    | ToolEnded
    | ApprovalRequest
    | ApprovalAnswer
    | Feedback
    | GuardrailTrip
    | Recovery
    | Charged
    | BudgetNoted
    | ConsentNoted
    | AudioNoted
    | Fault
    | Closed
    | Lost
    | Unreadable
)

EVENT_TYPES: Mapping[str, type[Any]] = {
    kind.kind: kind
    for kind in (
        *(Opened, ParticipantJoined, PersonaInForce, HandedOver, PipelineInForce),
        ClientReports,
        *(TurnHeard, TurnSpoken, ClipHeard, ToolBegan, ToolEnded, GuardrailTrip, Recovery),
        *(ApprovalRequest, ApprovalAnswer, Feedback),
        *(Charged, BudgetNoted, ConsentNoted, AudioNoted, Fault, Closed, Lost),
    )
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in its place in a record."""

    seq: int
    """From 1, without a gap as far as the call's own are concerned."""
    at: datetime
    """Never before that of an earlier entry, whatever becomes of the machine's clock."""
    event: RecordEvent
