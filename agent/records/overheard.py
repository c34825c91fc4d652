"""Hears what an agent is going to say, before it is known how much of it is heard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Any, Protocol

Generate = Callable[[], AsyncGenerator[Any, None]]


class Filter(Protocol):
    """What stands between an agent's words and the caller; see `agent.pipeline.speech_filter`."""

    def reply(self, chat_ctx: Any, generate: Generate) -> AsyncGenerator[Any, None]:
        """See SpeechFilter."""
        ...

    def spoken(self, words: AsyncIterable[str], *, filtered: bool) -> AsyncGenerator[str, None]:
        """See SpeechFilter."""
        ...


class Overheard:
    """A SpeechFilter that lets pass what the one behind it lets pass, and tells of it.

    Args:
        behind: None where all may pass.
        tell: Is told the words, part by part; must not block, and must not raise.
    """

    def __init__(self, behind: Filter | None, tell: Callable[[str], None]) -> None:
        self._behind = behind
        self._tell = tell

    def reply(self, chat_ctx: Any, generate: Generate) -> AsyncGenerator[Any, None]:
        """See SpeechFilter."""
        return self._behind.reply(chat_ctx, generate) if self._behind else generate()

    async def spoken(
        self, words: AsyncIterable[str], *, filtered: bool
    ) -> AsyncGenerator[str, None]:
        """See SpeechFilter."""
        passed = self._behind.spoken(words, filtered=filtered) if self._behind else words
        async for part in passed:
            self._tell(part)
            yield part
