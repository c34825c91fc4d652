"""What workers tell of themselves, so that nobody is let in whom none would answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Duty:
    """One worker at one moment."""

    calls: int
    calls_at_once: int
    """The number of calls at which it is full."""
    takes_calls: bool
    """Whether the LiveKit server may send it calls: it is registered there, and does not end."""


@dataclass(frozen=True, slots=True)
class OnDuty:
    """All workers of one agent together."""

    workers: int
    """Those that take calls."""
    room_for: int
    """Calls that they could take besides."""


class DutyRoster(Protocol):
    """Where workers tell of themselves and others look."""

    async def tell(self, duty: Duty) -> None:
        """Say how this worker is now; it counts for a few seconds."""
        ...

    async def leave(self) -> None:
        """Take this worker off."""
        ...

    async def look(self) -> OnDuty:
        """How all workers are."""
        ...
