"""What the agent says in one session, from when it begins to think about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeGuard

from livekit.agents import AgentSession, SpeechCreatedEvent, llm
from livekit.agents.voice.speech_handle import SpeechHandle


class Speeches:
    """Follows the speeches of a session. While a tool runs, the session counts no speech as its
    current one, though the tool's reply belongs to the same: so they are followed here.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session
        self._pending: set[SpeechHandle] = set()
        session.on("speech_created", self._created)

    @property
    def pending(self) -> frozenset[SpeechHandle]:
        """Those that are not over, with their tools and replies to these."""
        return frozenset(self._pending)

    @property
    def last_heard(self) -> str:
        """The last thing that the caller heard; empty before the first."""
        for item in reversed(self._session.history.items):
            if _is_said(item) and (text := (item.text_content or "").strip()):
                return text
        return ""

    async def heard(self, limit_s: float) -> bool:
        """Return once what is pending now was heard, or interrupted. False if that took longer
        than the limit.
        """
        try:
            async with asyncio.timeout(limit_s):
                for speech in self.pending:
                    await speech.wait_for_playout()
        except TimeoutError:
            return False
        return True

    def on_words(self, listener: Callable[[SpeechHandle], None]) -> None:
        """Tell somebody about every speech from now on that was over with words in it."""

        def over(speech: SpeechHandle) -> None:
            if any(_is_said(item) for item in speech.chat_items):
                listener(speech)

        self._session.on(
            "speech_created", lambda event: event.speech_handle.add_done_callback(over)
        )

    def _created(self, event: SpeechCreatedEvent) -> None:
        self._pending.add(event.speech_handle)
        event.speech_handle.add_done_callback(self._pending.discard)


def _is_said(item: llm.ChatItem) -> TypeGuard[llm.ChatMessage]:
    return isinstance(item, llm.ChatMessage) and item.role == "assistant"
