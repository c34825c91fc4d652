"""What happens in a call that its record does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from agent.call.cost import Cost
from agent.publishing.events import AgentState, CallerState


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """What the agent does now."""

    state: AgentState


@dataclass(frozen=True, slots=True)
class CallerSeen:
    """What the caller does now."""

    state: CallerState


@dataclass(frozen=True, slots=True)
class MuteChanged:
    """The caller is heard no more, or again."""

    muted: bool


@dataclass(frozen=True, slots=True)
class LanguageChanged:
    """The caller is heard in another language."""

    language: str


@dataclass(frozen=True, slots=True)
class BillShown:
    """It is time to tell what the call costs."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The call ends."""

    reason: str


Happening = AgentSeen | CallerSeen | MuteChanged | LanguageChanged | BillShown | Ending


class Bill(Protocol):
    """What a call has cost so far, such as a Meter."""

    @property
    def cost(self) -> Cost:
        """All of it."""
        ...

    @property
    def usd_per_min(self) -> Decimal:
        """What the last minute has cost."""
        ...


class NoBill:
    """The bill of a call before anything is used."""

    cost = Cost()
    usd_per_min = Decimal(0)
