"""Moving windows in the memory of one process, as a storage of the library `limits`.

The library's own looks through all its keys after every hit, each in a thread: with a few hundred
callers that takes a whole core (limits 5.8). This one looks at the key that is hit.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from limits.aio.storage import MovingWindowSupport, Storage

MAX_KEYS = 50_000
"""A flood from more addresses forgets those that were quiet for the longest."""


class MemoryWindows(Storage, MovingWindowSupport):
    """For `MovingWindowRateLimiter` alone.

    Args:
        clock: Seconds since the epoch.
        max_keys: How many are kept.
    """

    STORAGE_SCHEME = ["async+parley-memory"]  # noqa: RUF012 - the library's

    def __init__(self, *, clock: Callable[[], float] = time.time, max_keys: int = MAX_KEYS) -> None:
        super().__init__(None)
        self._clock = clock
        self._max_keys = max_keys
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """There is nothing that could fail."""
        return ()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a hit, unless there are as many already."""
        hits = self._recent(key, expiry)
        if len(hits) + amount > limit:
            return False
        hits.extend([self._clock()] * amount)
        self._hits[key] = hits
        self._hits.move_to_end(key)
        if len(self._hits) > self._max_keys:
            self._hits.popitem(last=False)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest hit was that counts, and how many there are."""
        hits = self._recent(key, expiry)
        return (hits[0] if hits else self._clock()), len(hits)

    def _recent(self, key: str, expiry: int) -> deque[float]:
        hits = self._hits.get(key)
        if hits is None:
            return deque()
        begin = self._clock() - expiry
        while hits and hits[0] <= begin:
            hits.popleft()
        return hits

    async def clear(self, key: str) -> None:
        """Forget a key."""
        self._hits.pop(key, None)

    async def reset(self) -> int | None:
        """Forget all."""
        count = len(self._hits)
        self._hits.clear()
        return count

    async def check(self) -> bool:
        """It is always there."""
        return True

    async def get(self, key: str) -> int:
        """How many hits are kept of a key."""
        return len(self._hits.get(key, ()))

    async def get_expiry(self, key: str) -> float:
        """Not known: it depends on the rate."""
        return self._clock()

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Of fixed windows, which are not kept here."""
        raise NotImplementedError
