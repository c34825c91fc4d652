"""What a caller says, for everything in a call that acts upon it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

OnTurn = Callable[[str], None]
"""Is given the caller's words."""


class CallerTurns(Protocol):
    """The turns of one call's caller, spoken or typed, whichever agent and pipeline hears them."""

    @property
    def sounds(self) -> int:
        """Grows with each sound and with each turn: a realtime provider acts upon words before it
        tells them, and typed words make no sound.
        """
        ...

    def on_turn(self, told: OnTurn) -> Callable[[], None]:
        """Tell somebody the words of every turn from now on; returns what ends that. Turns that
        came before the mark, see `mark`, are left out.
        """
        ...

    def mark(self) -> None:
        """From here on, turns count that begin after this. What was said before it and is written
        down only after it, as realtime models do, is no turn that came after it.
        """
        ...

    @property
    def has_begun(self) -> bool:
        """Whether the caller has spoken since the mark, whether or not the words are known."""
        ...

    async def words(self, *, limit_s: float) -> None:
        """Return when the words of a turn that has begun are known, or after `limit_s`; at once if
        the caller has said nothing since the mark.
        """
        ...
