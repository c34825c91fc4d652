"""The caller's turns as the session's history gets them, spoken or typed, in both pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from livekit.agents import AgentSession, ConversationItemAddedEvent, UserStateChangedEvent, llm

OnTurn = Callable[[str], None]
"""Is given the caller's words."""


class CallerTurns:
    """Hears the caller's turns. What was said before `mark` and is written down only after it, as
    realtime models do, is no turn that came after it.
    """

    def __init__(self, on_turn: OnTurn) -> None:
        self._on_turn = on_turn
        self._session: AgentSession[Any] | None = None
        self._before: frozenset[str] = frozenset()
        self._began_since = False
        self._taken = asyncio.Event()

    @property
    def has_begun(self) -> bool:
        """Whether the caller has spoken since the mark, whether or not the words are known."""
        return self._began_since

    def watch(self, session: AgentSession[Any]) -> None:
        """Hear this session's caller."""
        self._session = session
        session.on("conversation_item_added", self._on_item)
        session.on("user_state_changed", self._on_user_state)

    def mark(self) -> None:
        """From here on, turns count that begin after this."""
        if self._session is not None:
            items = self._session.current_agent.chat_ctx.items
            self._before = frozenset(item.id for item in items)
        self._began_since = False
        self._taken.clear()

    async def words(self, *, limit_s: float) -> None:
        """Return when the words of a turn that has begun are known, or after `limit_s`; at once if
        the caller has said nothing since the mark.
        """
        if not self._began_since or self._taken.is_set():
            return
        try:
            await asyncio.wait_for(self._taken.wait(), limit_s)
        except TimeoutError:
            return

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._began_since = True

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        message = event.item
        if not isinstance(message, llm.ChatMessage) or message.role != "user":
            return
        words = message.text_content or ""
        if words.strip() and not self._is_belated(message):
            self._taken.set()
            self._on_turn(words)

    def _is_belated(self, message: llm.ChatMessage) -> bool:
        if message.id in self._before:
            return True
        typed = message.transcript_confidence is None
        return self._transcribes_late() and not typed and not self._began_since

    def _transcribes_late(self) -> bool:
        if self._session is None:
            return False
        return isinstance(self._session.current_agent.llm or self._session.llm, llm.RealtimeModel)
