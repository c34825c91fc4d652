"""What a link may cost in time, and what has befallen it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from livekit.agents import APIConnectOptions

PATIENCE = APIConnectOptions(max_retry=6, retry_interval=0.5, timeout=3.0)
"""Handshakes: seven tries, three seconds against a provider that refuses at once. The first retry
comes after 0.1 s; the framework's defaults wait for 2 s before the others and for 10 s in each.
"""


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """The limits of one link, in seconds."""

    heartbeat_s: float = 2.0
    """How long the provider may send nothing before it is pinged. A pong has half as long."""
    first_audio_s: float = 3.0
    """From the request for a reply to its first output; then it is asked again elsewhere."""
    session_limit_s: float = 3600.0
    """How long the provider keeps a session; it is renewed in a quiet moment before that."""
    summary_over_characters: int = 12_000
    """A conversation longer than this, about a quarter of an hour, is renewed with a summary."""
    kept_turns: int = 6
    """The caller's last turns, which are told word for word all the same."""
    max_wasted_per_min: int = 10
    """Early replies that may be in vain in a minute; 0 asks for none."""
    faults: int = 5
    """So many lost connections or missed replies within `faults_within_s` end the link."""
    faults_within_s: float = 30.0


@dataclass(slots=True)
class LinkHealth:
    """Counts since the call began."""

    connections: int = 0
    """Sockets opened, the first included."""
    lost: int = 0
    """Sockets that broke or fell silent."""
    missed: int = 0
    """Replies of which nothing came within `first_audio_s`."""
    renewed: int = 0
    """Sessions replaced in a quiet moment before the provider's limit."""
    asked_again: int = 0
    """Replies asked for again, whole or from where they broke off."""


class FaultBudget:
    """How many faults a link may have in a time. A handshake does not clear it: a provider that
    accepts and drops, again and again, is as good as none.
    """

    def __init__(
        self, faults: int, within_s: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._faults = faults
        self._within_s = within_s
        self._clock = clock
        self._seen: deque[float] = deque(maxlen=faults)

    def spend(self) -> None:
        """Count a fault that happened now."""
        self._seen.append(self._clock())

    @property
    def is_exhausted(self) -> bool:
        """Whether the last so many faults came too close together, and the last just now."""
        return len(self._seen) == self._faults and self._clock() - self._seen[0] <= self._within_s
