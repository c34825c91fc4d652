"""Something that a worker does now and then, whatever becomes of it each time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

logger = logging.getLogger(__name__)


async def keep_doing(
    once: Callable[[], Awaitable[object]], *, every_s: float, limit_s: float, failure: str
) -> NoReturn:
    """Do it, and again after a pause, until cancelled.

    Args:
        once: What is done.
        every_s: The pause in between.
        limit_s: How long it may take.
        failure: What the log says when it fails, once until it comes about again.
    """
    failing = False
    while True:
        try:
            async with asyncio.timeout(limit_s):
                await once()
            failing = False
        except Exception as error:  # noqa: BLE001 - a worker must not end over old records
            if not failing:
                kind = type(error).__name__  # alone: the message may hold the address
                logger.warning(failure, extra={"error": kind})
            failing = True
        await asyncio.sleep(every_s)
