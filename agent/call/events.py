"""What happens in a call, as those are told who listen: frozen, and free of what was said, but for
what the record alone may keep, which no log or comparison shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from agent.call.cards import Card
from agent.call.cost import Cost, Model, Usage

PersonaChange = Literal["call began", "handed over", "handed back"]


@dataclass(frozen=True, slots=True)
class PersonaChanged:
    """Another persona has taken the floor and speaks from now on."""

    before: str | None
    """None when the call began."""
    now: str
    reason: PersonaChange


@dataclass(frozen=True, slots=True)
class PersonaSpoke:
    """A message of the agent's was added to the history: who said it."""

    persona: str
    item_id: str
    """The message's id in the session's history."""


PersonaEvent = PersonaChanged | PersonaSpoke
OnPersona = Callable[[PersonaEvent], None]
"""Is told who speaks; must not block, and must not raise."""


ToolOutcome = Literal["done", "refused", "failed", "timed out", "unknown"]
"""refused: the policy or the arguments did not allow it, or the caller is being asked first.
failed: it said that it cannot do it, or broke. unknown: an effect that may have happened or not.
"""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool runs: what the model asked for was allowed."""

    tool: str
    arguments: tuple[str, ...]
    """The names of those that were given, and none of their values."""
    values: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was given, by name: for the record."""


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A call of a tool has come to its end, whether or not it ever ran."""

    tool: str
    outcome: ToolOutcome
    took_s: float
    values: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was given, by name: for the record."""
    answer: str = field(default="", repr=False, compare=False)
    """What the model is told: for the record."""
    card: Card | None = field(default=None, repr=False, compare=False)
    """What the tool shows for it."""


ToolEvent = ToolStarted | ToolFinished
OnTool = Callable[[ToolEvent], None]
"""Is told what tools do; must not block, and must not raise."""


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A tool waits for an operator's yes."""

    id: str
    """Names the question in this call."""
    tool: str
    shown: Mapping[str, str] = field(repr=False, compare=False)
    """The arguments as the operator reads them, without what the tool declares private."""


@dataclass(frozen=True, slots=True)
class ApprovalSettled:
    """An operator has answered, or the question is not asked any more."""

    id: str
    tool: str
    approved: bool | None
    """None where nobody answered."""
    by: str = field(default="", repr=False)
    """The operator's identity in the room."""


OnApproval = Callable[[ApprovalAsked | ApprovalSettled], None]
"""Is told what operators are asked; must not block, and must not raise."""


Side = Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class GuardrailTripped:
    """A rule did not let something pass: of what the caller said, or of what the agent was about
    to say.
    """

    rule: str
    persona: str
    side: Side


OnGuardrail = Callable[[GuardrailTripped], None]
"""Is told what did not pass; must not block, and must not raise."""


@dataclass(frozen=True, slots=True)
class StepTaken:
    """Something is being done about trouble in the call."""

    trouble: str
    step: str
    waited_s: float | None
    """How long the caller has been without what they are owed; None where that is not it."""


@dataclass(frozen=True, slots=True)
class ClipPlayed:
    """A recorded sentence was played to the caller, beside the conversation."""

    clip: str
    words: str
    whole: bool
    """Whether it was heard to its end; if not, then perhaps not at all."""


OnClip = Callable[[ClipPlayed], None]
"""Is told what recordings say; must not block, and must not raise."""
OnStep = Callable[[StepTaken], None]
"""Is told what is done about trouble; must not block, and must not raise."""


@dataclass(frozen=True, slots=True)
class CostChanged:
    """Something was used that costs money, whether or not anybody heard anything of it."""

    model: Model
    usage: Usage
    """What was used now."""
    usd: Decimal
    """What that costs."""
    total: Cost
    """Of the call so far."""
    usd_per_min: Decimal
    """As fast as money was spent in the last minute."""
    price_version: str


OnCost = Callable[[CostChanged], None]
"""Is told what is spent; must not block, and must not raise."""


BudgetName = Literal["call", "day", "tenant"]


@dataclass(frozen=True, slots=True)
class BudgetReached:
    """A budget is nearly spent, or spent."""

    budget: BudgetName
    spent_usd: Decimal
    limit_usd: Decimal
    is_spent: bool
    """False for the warning before that."""


OnBudget = Callable[[BudgetReached], None]
"""Is told of budgets; must not block, and must not raise."""
