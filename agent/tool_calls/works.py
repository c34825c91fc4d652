"""What runs on behalf of a model, and who is still waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from agent.call.tool import Tool


@dataclass(frozen=True, slots=True)
class Answer:
    """How a tool ended, in words for the model."""

    text: str
    failed: bool = False
    silent: bool = False
    """Whether nothing is to be said about it."""


@dataclass(slots=True, eq=False)
class Work:
    """A run of a tool. It never raises: its answer says how it ended."""

    tool: Tool
    key: str
    task: asyncio.Task[Answer] = field(repr=False)
    call_id: str = ""
    """The model's call that began it."""
    waiters: int = 0
    """Calls of the model that will bring the answer themselves."""
    promised: bool = False
    """Whether the model was told that the answer comes later."""


class Works:
    """The runs of one call. Asking for one that is under way joins it.

    Args:
        announce: Takes the answer of a run that was promised, and that no call brings any more.
    """

    def __init__(self, announce: Callable[[Work, Answer], None]) -> None:
        self._announce = announce
        self._works: dict[str, Work] = {}

    @property
    def awaited(self) -> bool:
        """Whether a call waits for a run, and will bring its answer."""
        return any(work.waiters for work in self._works.values())

    def running(self, key: str) -> Work | None:
        """The run of this key, if it is under way."""
        return self._works.get(key)

    def start(self, tool: Tool, key: str, call_id: str, run: Coroutine[Any, Any, Answer]) -> Work:
        """Run something that is not under way yet."""
        task = asyncio.create_task(run, name=f"tool {tool.name}")
        work = self._works[key] = Work(tool, key, task, call_id)
        task.add_done_callback(lambda _: self._ended(work))
        return work

    async def settle(self, limit_s: float) -> None:
        """Let effects that have begun come to their end, and cancel everything else and what takes
        longer than `limit_s`.
        """
        effects = {work.task for work in self._works.values() if work.tool.policy.changes}
        others = {work.task for work in self._works.values()} - effects
        for task in others:
            task.cancel()
        if effects:
            await asyncio.wait(effects, timeout=limit_s)
        for task in effects:
            task.cancel()
        await asyncio.gather(*effects, *others, return_exceptions=True)

    def _ended(self, work: Work) -> None:
        self._works.pop(work.key, None)
        if work.task.cancelled():
            return
        if work.promised and not work.waiters:
            self._announce(work, work.task.result())
