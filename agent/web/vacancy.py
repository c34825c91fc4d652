"""Whether a worker would take one more call, as the workers themselves tell the database.

The LiveKit server does not tell which workers it has, nor how full they are, and a worker's own
health page is only found by who knows where each worker runs. The database is what all of them and
all web servers share, and a worker that is killed is missing there within seconds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

from sqlalchemy.exc import SQLAlchemyError

from agent.call.duty import DutyRoster, OnDuty
from agent.web.refusals import Refusal

logger = logging.getLogger(__name__)

FRESH_S = 1.0
"""How old an answer may be that lets somebody in."""
FRESH_REFUSAL_S = 0.1
"""How old one that does not: a worker that has just come is found at once."""
RESERVED_S = 4.0
"""From a token to the call's own mention by its worker; until then the place counts as taken."""
STORE_LIMIT_S = 1.0
RETRY_FULL_S = 20
RETRY_NONE_S = 10


class Vacancy:
    """Gives away the places there are.

    A database that does not answer keeps nobody out: a call finds out for itself.

    Args:
        roster: Where workers tell of themselves.
        clock: Monotonic seconds.
    """

    def __init__(self, roster: DutyRoster, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._roster = roster
        self._clock = clock
        self._seen: OnDuty | None = None
        self._seen_s = -FRESH_S
        self._looking = asyncio.Lock()
        self._given: deque[float] = deque()
        self._is_away = False
        self._is_empty = False

    async def take(self) -> None:
        """Take a place for a call that is about to begin.

        Raises:
            Refusal: 503, as no worker is there or all are full.
        """
        seen = await self._look()
        while self._given and self._given[0] <= self._clock() - RESERVED_S:
            self._given.popleft()
        if seen is None:
            return
        if seen.workers == 0:
            raise _refusal(
                "no_worker",
                "Nobody is there to take calls at the moment. Please try again later.",
                RETRY_NONE_S,
            )
        if seen.room_for <= len(self._given):
            raise _refusal(
                "workers_full",
                "All lines are busy. Please try again in a moment.",
                RETRY_FULL_S,
            )
        self._given.append(self._clock())

    def _has_room(self) -> bool:
        seen = self._seen
        return seen is None or seen.room_for > len(self._given)

    def _is_fresh(self) -> bool:
        fresh_s = FRESH_S if self._has_room() else FRESH_REFUSAL_S
        return self._clock() - self._seen_s < fresh_s

    async def _look(self) -> OnDuty | None:
        """Who is on duty; None where that is not known."""
        if not self._is_fresh():
            async with self._looking:
                if not self._is_fresh():  # who waited here finds what the first one saw
                    await self._look_again()
        return self._seen

    async def _look_again(self) -> None:
        try:
            async with asyncio.timeout(STORE_LIMIT_S):
                self._seen = await self._roster.look()
            if self._seen.workers == 0 and not self._is_empty:
                logger.warning(
                    "no worker is on duty in the database at PARLEY_DATABASE_URL, so nobody may"
                    " call; if the workers use another one, set PARLEY_CHECK_WORKERS=false"
                )
            self._is_away, self._is_empty = False, self._seen.workers == 0
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if not self._is_away:
                kind = type(error).__name__  # alone: the message may hold the address
                logger.warning("it is not known who is on duty", extra={"error": kind})
            self._seen, self._is_away = None, True
        self._seen_s = self._clock()


def _refusal(code: str, message: str, retry_after_s: int) -> Refusal:
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, code, message, retry_after_s=retry_after_s)
