"""A worker that tells the database how it is, for as long as it runs."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from sqlalchemy.exc import SQLAlchemyError

from agent.call.duty import Duty, DutyRoster
from agent.services.storage.engine import Database
from agent.services.storage.workers import SqlDutyRoster
from agent.settings import Settings

logger = logging.getLogger(__name__)

EVERY_S = 3.0
"""A third of the time after which it would not count any more."""
LOOK_S = 0.25
"""How soon a change is told."""
STORE_LIMIT_S = 3.0


async def stay_on_duty(settings: Settings, now: Callable[[], Duty]) -> None:
    """Tell how a worker is whenever that changes, and every few seconds, until cancelled; then take
    it off. A database that does not answer costs no call.
    """
    async with AsyncExitStack() as closing:
        database = Database(settings.database)
        closing.push_async_callback(database.aclose)
        telling = _Telling(SqlDutyRoster(database, settings.livekit.agent_name))
        try:
            while True:
                await telling.tell(now())
                await asyncio.sleep(LOOK_S)
        finally:
            await telling.leave()


class _Telling:
    """Tells a roster, as often as is needed."""

    def __init__(self, roster: DutyRoster) -> None:
        self._roster = roster
        self._told: Duty | None = None
        self._tried_s = -math.inf
        self._is_away = False

    async def tell(self, duty: Duty) -> None:
        was_tried = time.monotonic() - self._tried_s < EVERY_S
        if was_tried and (self._is_away or duty == self._told):
            return
        self._tried_s = time.monotonic()
        try:
            async with asyncio.timeout(STORE_LIMIT_S):
                await self._roster.tell(duty)
            self._told, self._is_away = duty, False
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if not self._is_away:  # once, not every few seconds
                kind = type(error).__name__  # alone: the message may hold the address
                logger.warning("the worker cannot be put on duty", extra={"error": kind})
            self._is_away = True

    async def leave(self) -> None:
        try:
            async with asyncio.timeout(STORE_LIMIT_S):
                await self._roster.leave()
        except (SQLAlchemyError, OSError, TimeoutError):
            logger.info("the worker was not taken off duty; that is noticed in some seconds")
