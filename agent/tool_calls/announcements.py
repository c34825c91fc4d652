"""Answers that come when the model waits for them no longer, told once, at a polite moment."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentSession, llm
from livekit.agents.voice.agent_activity import ActivityClosedError

from agent.tool_calls.speaking import words_heard

logger = logging.getLogger(__name__)

POLITE_PAUSE_S = 0.3
"""Of silence on both sides, before an answer is told; a model that has just called a tool has begun
to run it by then.
"""
MOST_TRIES = 3
"""At telling an answer of which nothing was heard."""
CHANGE_PAUSE_S = 0.2
"""While one agent takes over from another, nothing can be said."""
MOST_CHANGES = 100
"""Pauses of that length, until a session counts as over."""

TELL = (
    "The answer of a tool that was called earlier has come in: the newest result in the"
    " conversation. Tell the caller about it now, in one or two sentences."
)


@dataclass(slots=True)
class Announcement:
    """An answer that is owed to the caller."""

    key: str
    """Of the run that it comes from."""
    call_id: str
    """The model's call that asked for it."""
    tool: str
    text: str
    failed: bool = False
    tries: int = 0
    in_history: bool = False

    @property
    def items(self) -> list[llm.ChatItem]:
        """The answer as a call of its own: the one that asked for it was answered already, by a
        promise.
        """
        call_id = f"{self.call_id}_late"
        return [
            llm.FunctionCall(call_id=call_id, name=self.tool, arguments="{}"),
            llm.FunctionCallOutput(
                call_id=call_id, name=self.tool, output=self.text, is_error=self.failed
            ),
        ]


class Announcements:
    """The answers owed in one call. They belong to the session, not to an agent of it: they outlive
    a handoff and a change of pipeline.

    Args:
        busy: Whether a tool runs whose reply will come of itself.
    """

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._owed: deque[Announcement] = deque()
        self._session: AgentSession[Any] | None = None
        self._telling: asyncio.Task[None] | None = None

    def watch(self, session: AgentSession[Any]) -> None:
        """Tell answers in this session."""
        self._session = session

    def owe(self, announcement: Announcement) -> None:
        """Tell this when both sides are silent."""
        self._owed.append(announcement)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all(), name="announce results")
            self._telling.add_done_callback(_log_error)

    def withdraw(self, key: str) -> None:
        """The answer of this run was given otherwise."""
        self._owed = deque(owed for owed in self._owed if owed.key != key)

    async def aclose(self) -> None:
        """Tell nothing more."""
        self._owed.clear()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def _tell_all(self) -> None:
        changes = 0
        while self._owed and self._session is not None and changes < MOST_CHANGES:
            announcement = self._owed[0]
            try:
                await self._polite_moment(self._session)
                told = await self._tell(self._session, announcement)
            except ActivityClosedError:
                break
            except RuntimeError:  # one agent is taking over from another
                changes += 1
                await asyncio.sleep(CHANGE_PAUSE_S)
                continue
            if told or announcement.tries >= MOST_TRIES:
                self.withdraw(announcement.key)
        if self._owed:
            logger.info("late answers were not told", extra={"answers": len(self._owed)})
            self._owed.clear()

    async def _polite_moment(self, session: AgentSession[Any]) -> None:
        """Return when nobody speaks, and nobody is about to."""
        loop = asyncio.get_running_loop()
        while True:
            await session.wait_for_idle()
            quiet_since_s = loop.time()
            await asyncio.sleep(POLITE_PAUSE_S)
            await session.wait_for_idle()
            stayed_quiet = loop.time() - quiet_since_s < 2 * POLITE_PAUSE_S
            if stayed_quiet and not self._busy():
                return

    async def _tell(self, session: AgentSession[Any], announcement: Announcement) -> bool:
        if not announcement.in_history:
            await _write_down(session, announcement.items)
            announcement.in_history = True
            await self._polite_moment(session)  # writing may have taken a while
        if announcement not in self._owed:
            return True
        announcement.tries += 1
        speech = session.generate_reply(instructions=TELL, tool_choice="none")
        await speech
        # Cut off in mid-sentence, it was begun and stands in the history: it is not told again.
        return bool(words_heard(speech))


async def _write_down(session: AgentSession[Any], items: list[llm.ChatItem]) -> None:
    agent = session.current_agent
    history = agent.chat_ctx.copy()
    history.insert(items)
    session.history.insert(items)
    try:
        # The agent of this moment may not have the tool itself.
        await agent.update_chat_ctx(history, exclude_invalid_function_calls=False)
    except llm.RealtimeError as error:  # it was sent, and only its receipt was not confirmed
        logger.warning("a late answer was perhaps not written down", extra={"error": str(error)})


def _log_error(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("a late answer could not be told", exc_info=error)
