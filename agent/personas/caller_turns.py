"""Whether the caller has said something since a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    UserStateChangedEvent,
    llm,
)


class CallerTurns:
    """Counts what the caller says in a session, from `watch` to `leave`.

    Args:
        most: The number of turns after which `exceeded` is called.
        exceeded: What is done then.
    """

    def __init__(
        self, *, most: int | None = None, exceeded: Callable[[], None] | None = None
    ) -> None:
        self._most = most
        self._exceeded = exceeded
        self.sounds = 0
        """Grows with each sound and with each turn: a realtime provider acts upon words before it
        tells them, and typed words make no sound.
        """
        self.turns = 0
        """Turns whose words are known."""
        self._session: AgentSession[Any] | None = None

    def watch(self, session: AgentSession[Any]) -> None:
        """Count from now on."""
        self._session = session
        session.on("conversation_item_added", self._on_item)
        session.on("user_state_changed", self._on_state)

    def leave(self) -> None:
        """Count no longer."""
        if self._session is not None:
            self._session.off("conversation_item_added", self._on_item)
            self._session.off("user_state_changed", self._on_state)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            self.turns += 1
            self.sounds += 1
            if self._exceeded is not None and self.turns == self._most:
                self._exceeded()

    def _on_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self.sounds += 1
