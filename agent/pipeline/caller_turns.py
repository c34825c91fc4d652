"""The caller's turns as a session's history gets them, spoken or typed, in both pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from livekit.agents import AgentSession, ConversationItemAddedEvent, UserStateChangedEvent, llm

from agent.call.caller_turns import OnTurn


class SessionTurns:
    """The CallerTurns of a session."""

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session
        self._told: list[OnTurn] = []
        self._sounds = 0
        self._before: frozenset[str] = frozenset()
        self._began_since = False
        self._taken = asyncio.Event()
        session.on("conversation_item_added", self._on_item)
        session.on("user_state_changed", self._on_user_state)

    @property
    def sounds(self) -> int:
        """See CallerTurns."""
        return self._sounds

    def on_turn(self, told: OnTurn) -> Callable[[], None]:
        """See CallerTurns."""
        self._told.append(told)
        return partial(self._told.remove, told)

    def mark(self) -> None:
        """See CallerTurns."""
        items = self._session.current_agent.chat_ctx.items
        self._before = frozenset(item.id for item in items)
        self._began_since = False
        self._taken.clear()

    @property
    def has_begun(self) -> bool:
        """See CallerTurns."""
        return self._began_since

    async def words(self, *, limit_s: float) -> None:
        """See CallerTurns."""
        if not self._began_since or self._taken.is_set():
            return
        try:
            await asyncio.wait_for(self._taken.wait(), limit_s)
        except TimeoutError:
            return

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._sounds += 1
            self._began_since = True

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        message = event.item
        if not isinstance(message, llm.ChatMessage) or message.role != "user":
            return
        self._sounds += 1
        words = message.text_content or ""
        if words.strip() and not self._is_belated(message):
            self._taken.set()
            for told in tuple(self._told):
                told(words)

    def _is_belated(self, message: llm.ChatMessage) -> bool:
        if message.id in self._before:
            return True
        typed = message.transcript_confidence is None
        return self._transcribes_late() and not typed and not self._began_since

    def _transcribes_late(self) -> bool:
        return isinstance(self._session.current_agent.llm or self._session.llm, llm.RealtimeModel)
