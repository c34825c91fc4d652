"""What happens in a call, as those are told who listen: frozen, and free of what was said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A call of a tool has come to its end, whether or not it ever ran."""

    tool: str
    outcome: ToolOutcome
    took_s: float


ToolEvent = ToolStarted | ToolFinished
OnTool = Callable[[ToolEvent], None]
"""Is told what tools do; must not block, and must not raise."""


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
