"""The turns of a call, numbered as they begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from agent.publishing.events import Speaker

WORDLESS_S = 3.0
"""Quiet after which a sound that brought no words was no turn of the caller's."""


@dataclass(slots=True)
class _Open:
    number: int
    quiet_since: datetime | None = None


@dataclass(slots=True)
class Turns:
    """Numbers for the turns of both sides."""

    _last: int = 0
    _open: dict[Speaker, _Open] = field(default_factory=dict)

    def begins(self, speaker: Speaker, at: datetime) -> int | None:
        """The number of a turn that begins; None if it is the one that is open."""
        turn = self._open.get(speaker)
        if turn is not None:
            since, turn.quiet_since = turn.quiet_since, None
            if since is None or (at - since).total_seconds() < WORDLESS_S:
                return None
        self._last += 1
        self._open[speaker] = _Open(self._last)
        return self._last

    def pauses(self, speaker: Speaker, at: datetime) -> None:
        """Somebody is quiet; perhaps they go on."""
        if (turn := self._open.get(speaker)) is not None and turn.quiet_since is None:
            turn.quiet_since = at

    def is_open(self, speaker: Speaker) -> bool:
        """Whether they have begun a turn that is not over."""
        return speaker in self._open

    def ends(self, speaker: Speaker) -> int:
        """The number of the turn that is over."""
        return self._open.pop(speaker).number
