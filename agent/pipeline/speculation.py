"""How well guessing goes in one call: what was asked, and what was asked in vain."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Speculation:
    """How well guessing goes in one call, and whether another guess may be risked."""

    max_wasted_per_min: int
    clock: Callable[[], float] = time.monotonic
    asked: int = 0
    """Requests sent."""
    wasted: int = 0
    """Requests whose answer was dropped, because the caller went on."""
    held_back: int = 0
    """Pauses at which nothing was asked, because too much was wasted in the last minute."""
    _wasted_at_s: deque[float] = field(default_factory=deque)

    def allows(self) -> bool:
        """Whether to ask at this pause; a refusal is counted."""
        minute_ago_s = self.clock() - 60
        while self._wasted_at_s and self._wasted_at_s[0] <= minute_ago_s:
            self._wasted_at_s.popleft()
        if len(self._wasted_at_s) < self.max_wasted_per_min:
            return True
        self.held_back += 1
        return False

    def report(self, what: str) -> None:
        """Write the counts of the call so far to the log."""
        logger.info(
            what,
            extra={"asked": self.asked, "wasted": self.wasted, "held_back": self.held_back},
        )

    def waste(self) -> None:
        """Note that an answer was dropped."""
        self.wasted += 1
        self._wasted_at_s.append(self.clock())
