"""Where a model has called a tool: what may be done there while the tool runs."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from livekit.agents import RunContext

from agent.call.tool import Tool
from agent.tool_calls.company import acknowledge, in_company
from agent.tool_calls.speaking import Asker, SessionSpeaker


class Occasion(Protocol):
    """One call of a tool by a model."""

    @property
    def call_id(self) -> str:
        """As the model's provider named it."""
        ...

    @property
    def patient(self) -> bool:
        """Whether an answer is welcome whenever it comes; else it is promised, and told later."""
        ...

    @property
    def asker(self) -> Asker:
        """Who puts questions to the caller."""
        ...

    def keep_floor(self) -> None:
        """Let the caller not cut off what the agent says around the tool."""
        ...

    def acknowledge(self, tool: Tool, *, language: str) -> bool:
        """Say at once that the tool runs; False where that is not possible or not wanted."""
        ...

    def company(self, tool: Tool, *, language: str) -> AbstractAsyncContextManager[None]:
        """Keep the caller company within the block."""
        ...

    async def until(self, run: asyncio.Task[Any], limit_s: float) -> None:
        """Return when a run has ended, when the caller talks over it, or when it takes longer."""
        ...


class RoomOccasion:
    """An Occasion in a session of the framework."""

    patient = False

    def __init__(self, ctx: RunContext[Any], speaker: SessionSpeaker) -> None:
        self._ctx = ctx
        self.asker = self._speaker = speaker

    @property
    def call_id(self) -> str:
        """See Occasion."""
        return self._ctx.function_call.call_id

    def keep_floor(self) -> None:
        """See Occasion."""
        if not self._ctx.speech_handle.interrupted:
            self._ctx.disallow_interruptions()

    def acknowledge(self, tool: Tool, *, language: str) -> bool:
        """See Occasion."""
        return acknowledge(self._ctx, tool, self._speaker, language=language) is not None

    def company(self, tool: Tool, *, language: str) -> AbstractAsyncContextManager[None]:
        """See Occasion."""
        return in_company(self._ctx, tool, self._speaker, language=language)

    async def until(self, run: asyncio.Task[Any], limit_s: float) -> None:
        """See Occasion."""
        done = self._ctx.speech_handle.wait_if_not_interrupted([run])
        try:
            await asyncio.wait_for(done, limit_s)
        except TimeoutError:
            return
