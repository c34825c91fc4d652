"""Notices that a caller has been talking for too long for the agent to follow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)

logger = logging.getLogger(__name__)


class TurnLimit:
    """Counts from the beginning of a turn: the caller's words, where there is a transcript, and the
    time.

    Args:
        max_words: 0 for any number.
        max_s: 0 for any time.
        break_in: Called when it is too much, once in a turn.
    """

    def __init__(self, *, max_words: int, max_s: float, break_in: Callable[[], None]) -> None:
        self._max_words = max_words
        self._max_s = max_s
        self._break_in = break_in
        self._words = 0
        self._due: asyncio.TimerHandle | None = None
        self._broken_in = False
        self._speaking = False

    def watch(self, session: AgentSession[Any]) -> None:
        """Listen to this session's caller."""
        session.on("user_state_changed", self._on_user_state)
        session.on("agent_state_changed", self._on_agent_state)
        session.on("user_input_transcribed", self._on_words)
        session.on("close", lambda _: self._reset())

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        self._speaking = event.new_state == "speaking"
        if self._speaking and self._due is None and self._max_s:
            self._due = asyncio.get_running_loop().call_later(self._max_s, self._on_due)

    def _on_due(self) -> None:
        self._due = None
        if self._speaking:  # else it was a noise of which no turn came
            self._too_long()

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state in ("speaking", "thinking"):  # the turn has ended
            self._reset()

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if not event.is_final:
            return
        self._words += len(event.transcript.split())
        if self._max_words and self._words >= self._max_words:
            self._too_long()

    def _too_long(self) -> None:
        if not self._broken_in:
            self._broken_in = True
            logger.info("the caller's turn was too long", extra={"words": self._words})
            self._break_in()

    def _reset(self) -> None:
        self._words, self._broken_in = 0, False
        if self._due is not None:
            self._due.cancel()
            self._due = None
