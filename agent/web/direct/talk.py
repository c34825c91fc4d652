"""What tools may do in a call that has no room: its control, its turns, and who puts questions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from agent.call.caller_turns import OnTurn
from agent.call.tool import Tool
from agent.errors import ToolError
from agent.settings import EndpointingProfile

MOST_ITEMS = 500
"""Turns that are remembered by name."""
LONGEST_WAIT_S = 65.0
"""Above what an effect may take at most (`agent.tool_calls.perform`)."""
_NOT_HERE = "That cannot be done in this call. Say so, and offer what else you can."

Heard = Callable[[str], None]


class DirectControl:
    """A CallControl that can end the call, and nothing more."""

    transfer_targets: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.hangs_up = False
        """Whether the call is to end after the next reply."""

    def hang_up_after_reply(self) -> None:
        """See CallControl."""
        self.hangs_up = True

    def transfer_after_reply(self, target: str) -> None:
        """See CallControl."""
        raise ToolError(_NOT_HERE)

    async def send_dtmf(self, digits: str) -> None:
        """See CallControl."""
        raise ToolError(_NOT_HERE)

    def hold(self, limit_s: float) -> bool:
        """See CallControl."""
        raise ToolError(_NOT_HERE)

    async def switch_language(self, language: str) -> None:
        """See CallControl."""
        raise ToolError(_NOT_HERE)

    async def change_speed(self, factor: float) -> bool:
        """See CallControl."""
        return False

    def stop_recording(self) -> bool:
        """See CallControl. Nobody is asked in such a call."""
        return False

    def last_reply(self) -> str:
        """See CallControl."""
        return ""


class ProvidersTurns:
    """A TurnTaking that changes nothing: the provider decides when a turn is over."""

    def use(self, profile: EndpointingProfile | None) -> None:
        """See TurnTaking."""


class ReportedTurns:
    """A CallerTurns of what a page reports."""

    def __init__(self) -> None:
        self.sounds = 0
        self._listeners: list[OnTurn] = []
        self._begun: dict[str, None] = {}
        self._before: frozenset[str] = frozenset()
        self._waited_for: set[str] = set()
        self._known = asyncio.Event()

    def on_turn(self, told: OnTurn) -> Callable[[], None]:
        """See CallerTurns."""
        self._listeners.append(told)
        return lambda: self._listeners.remove(told)

    def mark(self) -> None:
        """See CallerTurns."""
        self._before = frozenset(self._begun)
        self._waited_for.clear()

    @property
    def has_begun(self) -> bool:
        """See CallerTurns."""
        return any(item_id not in self._before for item_id in self._begun)

    async def words(self, *, limit_s: float) -> None:
        """See CallerTurns."""
        if not self._waited_for:
            return
        self._known.clear()
        try:
            async with asyncio.timeout(limit_s):
                await self._known.wait()
        except TimeoutError:
            return

    def began(self, item_id: str) -> None:
        """The caller has begun a turn."""
        self.sounds += 1
        if item_id in self._begun:
            return
        while len(self._begun) >= MOST_ITEMS:
            oldest = next(iter(self._begun))
            self._begun.pop(oldest)
            self._waited_for.discard(oldest)
        self._begun[item_id] = None
        self._waited_for.add(item_id)

    def heard(self, item_id: str, words: str) -> None:
        """A turn is over, and these were its words."""
        self.began(item_id)
        self._waited_for.discard(item_id)
        if item_id not in self._before:
            for told in list(self._listeners):
                told(words)
        if not self._waited_for:
            self._known.set()


class PageOccasion:
    """An Occasion of `agent.tool_calls`: a model that talks with a page has called a tool."""

    patient = True

    def __init__(self, call_id: str, put: Callable[[str, Heard], None]) -> None:
        self.call_id = call_id
        self.question = ""
        """What the caller is to be asked in the place of an answer; empty for nothing."""
        self._put = put

    @property
    def asker(self) -> PageOccasion:
        """See Occasion."""
        return self

    def ask(self, words: str, *, language: str, heard: Heard) -> bool:
        """See Asker: the page has the model ask."""
        self.question = words
        self._put(self.call_id, heard)
        return True

    def keep_floor(self) -> None:
        """See Occasion: whether callers may interrupt is the provider's."""

    def acknowledge(self, tool: Tool, *, language: str) -> bool:
        """See Occasion: nobody here can speak."""
        return False

    def company(self, tool: Tool, *, language: str) -> AbstractAsyncContextManager[None]:
        """See Occasion: the conversation goes on meanwhile."""
        return nullcontext()

    async def until(self, run: asyncio.Task[Any], limit_s: float) -> None:
        """See Occasion: an answer is given whenever it comes."""
        await asyncio.wait({run}, timeout=max(limit_s, LONGEST_WAIT_S))
