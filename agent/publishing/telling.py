"""A foreign function that is called with one thing after the other, in a thread of its own."""

from __future__ import annotations

import asyncio
import inspect
import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

MOST_WAITING = 1_000
TELLING_LIMIT_S = 5.0
"""For one call."""
MOST_FAILURES = 5
"""In a row, after which it is not called any more."""
CLOSE_LIMIT_S = 2.0
"""For what still waits at the end."""

_END = object()


class Teller:
    """Calls a function, or a coroutine function, with what it is given, in order.

    One that raises or takes too long is called again with the next, a few times; one that does not
    come back holds up its own thread only, which ends with the process.

    Args:
        name: Of the function, for the log.
        call: The function.
        limit_s: For one call.
    """

    def __init__(
        self, name: str, call: Callable[[Any], Any], limit_s: float = TELLING_LIMIT_S
    ) -> None:
        self._name = name
        self._call = call
        self._limit_s = limit_s
        self._waiting: queue.Queue[Any] = queue.Queue(MOST_WAITING)
        self._busy_since_s: float | None = None
        self._failures = 0
        self._dropped = 0
        self.is_off = False
        """Whether it is called no more."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, what: Any) -> None:
        """Call it with this when its turn comes. Blocks nobody; what is too much is dropped."""
        since_s = self._busy_since_s
        if since_s is not None and time.monotonic() - since_s > 2 * self._limit_s:
            self._switch_off("it does not come back")
        if self.is_off:
            return
        try:
            self._waiting.put_nowait(what)
        except queue.Full:
            self._dropped += 1
            if self._dropped == 1:  # once, not for each of them
                logger.warning("a listener is slow", extra={"listener": self._name})

    def close(self) -> None:
        """Call it with what waits, within a bound. Blocks."""
        until_s = time.monotonic() + CLOSE_LIMIT_S
        try:
            self._waiting.put(_END, timeout=CLOSE_LIMIT_S)
        except queue.Full:
            return
        self._thread.join(max(0.0, until_s - time.monotonic()))

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            while (what := self._waiting.get()) is not _END:
                if not self.is_off:
                    runner.run(self._told(what))

    async def _told(self, what: Any) -> None:
        self._busy_since_s = began_s = time.monotonic()
        try:
            async with asyncio.timeout(self._limit_s):
                answer = self._call(what)
                if inspect.isawaitable(answer):
                    await answer
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a foreign function does
            self._fail(error)
        else:
            if time.monotonic() - began_s > self._limit_s:  # it blocked: nothing could cancel it
                self._fail(TimeoutError())
            else:
                self._failures = 0
        finally:
            self._busy_since_s = None

    def _fail(self, error: BaseException) -> None:
        self._failures += 1
        # Without the message, which may quote what was said in the call.
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        extra = {"listener": self._name, "error": type(error).__name__, "where": where}
        logger.warning("a listener failed", extra=extra)
        if self._failures >= MOST_FAILURES:
            self._switch_off("it failed too often")

    def _switch_off(self, why: str) -> None:
        if not self.is_off:
            self.is_off = True
            extra = {"listener": self._name, "why": why}
            logger.error("a listener is told nothing more in this call", extra=extra)
