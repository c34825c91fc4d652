"""Somebody who follows a call and remembers what they were told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.publishing.events import AnyEvent

PATIENCE_S = 5.0


@dataclass
class FakeFollower:
    """A Follower."""

    told: list[AnyEvent] = field(default_factory=list)
    closed: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kinds(self) -> list[str]:
        """The types of what was told."""
        return [event.type for event in self.told]

    def tell(self, event: AnyEvent) -> None:
        """See Follower."""
        self.told.append(event)
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once something holds of what was told."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def flush(self) -> None:
        """See Follower."""

    async def aclose(self) -> None:
        """See Follower."""
        self.closed = True
