"""The tasks that work for one session, which end with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Tasks:
    """A group of tasks, as an async context manager: leaving it waits for all of them.

    Args:
        apologise: Called when one has failed, by a bug of ours.
    """

    def __init__(self, apologise: Callable[[], None]) -> None:
        self._apologise = apologise
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._group.__aexit__(kind, fault, trace)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        """Run something for this session. If it fails, by a bug of ours, the client is told."""
        task = self.run(self._guarded(work))
        # Cancelled before its first step, a task leaves what it was to await; closing is harmless.
        task.add_done_callback(lambda _: work.close())
        return task

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something that ends the session if it fails."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def stop(self) -> None:
        """Cancel all of it."""
        for task in self._tasks:
            task.cancel()

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await work
        except Exception:
            _logger.exception("Task of a session failed")
            self._apologise()
            return None
