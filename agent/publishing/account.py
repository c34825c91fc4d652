"""The one account of a call: what happens in it, in order, for everybody who is told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from livekit.agents import AgentSession, AgentStateChangedEvent, UserStateChangedEvent

from agent.call.record import (
    ApprovalRequest,
    Charged,
    Feedback,
    RecordEvent,
    ToolBegan,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.call.state import CallState
from agent.publishing.events import AnyEvent, CallStarted
from agent.publishing.happenings import (
    AgentSeen,
    Bill,
    BillShown,
    CallerSeen,
    Ending,
    Happening,
    LanguageChanged,
    MuteChanged,
)
from agent.publishing.translation import Translation
from agent.publishing.wording import Wording

logger = logging.getLogger(__name__)

BILL_EVERY_S = 2.0
MOST_WAITING = 5_000
"""Happenings; a call has a few in a second."""

_WITH_WORDS = (TurnHeard, TurnSpoken, ToolBegan, ToolEnded, ApprovalRequest, Feedback)


class Follower(Protocol):
    """Somebody who is told. Each numbers what they get."""

    def tell(self, event: AnyEvent) -> None:
        """Take an event. Must not block, and must not raise."""
        ...

    async def flush(self) -> None:
        """Return once what was told has gone out, or will not: within a second at the most."""
        ...

    async def aclose(self) -> None:
        """The call is over; nothing more is told."""
        ...


class Account:
    """Tells followers what happens in one call. It needs a running loop, and is closed after the
    call. Nothing here waits for anybody who listens.

    Args:
        call_id: The call's.
        wording: What of words and values is told.
    """

    def __init__(self, call_id: str, wording: Wording | None = None) -> None:
        self._wording = wording or Wording()
        self._translation = Translation(call_id)
        self._followers: list[Follower] = []
        self._began_at, self._began_s = datetime.now(UTC), time.monotonic()
        self._waiting: deque[tuple[datetime, RecordEvent | Happening]] = deque()
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._billed_s = float("-inf")
        self._billing: asyncio.TimerHandle | None = None
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="account")

    def follow(self, *followers: Follower) -> None:
        """Tell these from now on."""
        self._followers += followers

    def note(self, event: RecordEvent) -> None:
        """A note of the call's record, such as CallListener.note gives them. See Note."""
        self._put(event)
        if isinstance(event, Charged):
            self._bill_soon()

    def ends(self, reason: str) -> None:
        """The call ends. Repeated, the first reason stands."""
        self._put(Ending(reason))

    def mute_changed(self, muted: bool) -> None:
        """The caller is heard no more, or again."""
        self._put(MuteChanged(muted))

    def language_changed(self, language: str) -> None:
        """The caller is heard in another language."""
        self._put(LanguageChanged(language))

    def take_bill(self, bill: Bill) -> None:
        """Tell from now on what the call costs."""
        self._translation.bill = bill

    def watch(self, session: AgentSession[CallState]) -> None:
        """Tell from now on who speaks in this session."""

        def agent_state(event: AgentStateChangedEvent) -> None:
            self._put(AgentSeen(event.new_state))

        def user_state(event: UserStateChangedEvent) -> None:
            self._put(CallerSeen(event.new_state))

        session.on("agent_state_changed", agent_state)
        session.on("user_state_changed", user_state)

    def standing(self) -> CallStarted | None:
        """How the call stands, for somebody who comes to it later; None if it is not on."""
        if not self._translation.is_on:
            return None
        return self._translation.standing(self._now(), resumed=True)

    async def flush(self) -> None:
        """Return once all that has happened is on its way, within a second or so."""
        await self._settled.wait()
        await self._of_each(lambda follower: follower.flush())

    async def aclose(self) -> None:
        """Tell what is left, and close the followers."""
        self._closing = True
        if self._billing is not None:
            self._billing.cancel()
        self._wake.set()
        await self._task
        await self._of_each(lambda follower: follower.aclose())

    def _now(self) -> datetime:
        """The wall clock of the beginning, going on evenly."""
        return self._began_at + timedelta(seconds=time.monotonic() - self._began_s)

    def _put(self, what: RecordEvent | Happening) -> None:
        if self._closing:
            return
        if len(self._waiting) >= MOST_WAITING:
            logger.error("more happens in a call than can be told")
            return
        self._waiting.append((self._now(), what))
        self._settled.clear()
        self._wake.set()

    def _bill_soon(self) -> None:
        if self._billing is not None:
            return
        wait_s = max(0.0, self._billed_s + BILL_EVERY_S - time.monotonic())
        self._billing = asyncio.get_running_loop().call_later(wait_s, self._bill)

    def _bill(self) -> None:
        self._billing = None
        self._billed_s = time.monotonic()
        self._put(BillShown())

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                at, what = self._waiting.popleft()
                try:
                    await self._tell(what, at)
                except Exception:  # one event must not take the others with it
                    logger.exception("an event could not be told", extra={"kind": _kind(what)})
            self._settled.set()
            if self._closing:
                return

    async def _tell(self, what: RecordEvent | Happening, at: datetime) -> None:
        if isinstance(what, _WITH_WORDS):
            what = await asyncio.to_thread(self._wording.of, what)
        for event in self._translation.events(what, at):
            for follower in self._followers:
                follower.tell(event)

    async def _of_each(self, work: Callable[[Follower], object]) -> None:
        """One follower's fault is not felt by the others."""
        done: Sequence[object] = await asyncio.gather(
            *(work(follower) for follower in self._followers),  # type: ignore[call-overload]
            return_exceptions=True,
        )
        for error in done:
            if isinstance(error, Exception):
                logger.error("a follower of a call failed", exc_info=error)


def _kind(what: object) -> str:
    return type(what).__name__
