"""Settles what calls left behind that could not do it themselves: spool files, and open records."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from agent.records.draining import drain
from agent.records.rounds import keep_doing
from agent.records.spool import Spool
from agent.records.store import CallStore

logger = logging.getLogger(__name__)

EVERY_S = 30.0
ROUND_LIMIT_S = 120.0
FAILURE = "records could not be settled"


async def reconcile(
    store: CallStore, spool: Spool, *, lost_after: timedelta | None, now: datetime
) -> int:
    """Bring the spool's files into the store, then settle the calls whose keeper has not been alive
    for so long; returns how many were lost. Many processes may do it at once.

    Args:
        store: Where records belong.
        spool: The spool of this machine.
        lost_after: None settles none.
        now: The time.
    """
    await drain(spool, store, await asyncio.to_thread(spool.waiting))
    if lost_after is None:
        return 0
    lost = await store.mark_lost(unseen_since=now - lost_after, now=now)
    for call_id in lost:
        logger.warning("a call was lost", extra={"call_id": call_id})
    return len(lost)


async def keep_reconciling(
    open_store: Callable[[AsyncExitStack], CallStore],
    spool: Spool,
    *,
    lost_after_s: float,
    every_s: float = EVERY_S,
) -> None:
    """Reconcile now and then, until cancelled. Between two times no connection is held: workers are
    many, and seldom have something to do. After the database was away, no call is lost until those
    that go on have had the time to show that they do.

    Args:
        open_store: Opens the store, and says how it is closed.
        spool: The spool of this machine.
        lost_after_s: See `reconcile`.
        every_s: The pause in between.
    """
    settle_from_s = time.monotonic()

    async def settle() -> None:
        nonlocal settle_from_s
        settles = time.monotonic() >= settle_from_s
        lost_after = timedelta(seconds=lost_after_s) if settles else None
        try:
            async with AsyncExitStack() as closing:
                store = open_store(closing)
                await reconcile(store, spool, lost_after=lost_after, now=datetime.now(UTC))
        except BaseException:
            settle_from_s = time.monotonic() + lost_after_s
            raise

    await keep_doing(settle, every_s=every_s, limit_s=ROUND_LIMIT_S, failure=FAILURE)
