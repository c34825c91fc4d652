"""What stands between a model's words and the caller's ear; `agent.guardrails` has one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Protocol

from livekit.agents import FlushSentinel, llm

Generated = llm.ChatChunk | str | FlushSentinel
"""What a language model's node gives."""
Generate = Callable[[], AsyncGenerator[Generated, None]]
"""Begins a reply."""


class SpeechFilter(Protocol):
    """Decides what of one agent's replies may be heard."""

    def reply(
        self, chat_ctx: llm.ChatContext, generate: Generate
    ) -> AsyncGenerator[Generated, None]:
        """What may be heard of a language model's reply, and what is done of it. The reply may be
        made ahead, and never be spoken.

        Args:
            chat_ctx: What the model is asked; for this reply alone it may be told more.
            generate: Begins it.
        """
        ...

    def spoken(self, words: AsyncIterable[str], *, filtered: bool) -> AsyncGenerator[str, None]:
        """The words of a reply that is being spoken, as they are shown.

        Args:
            words: As they come.
            filtered: Whether they went through `reply`; else they come with their sound, which can
                only be cut.
        """
        ...
