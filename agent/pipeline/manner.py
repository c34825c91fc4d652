"""How the agent talks with a caller, whatever the pipeline: in which language, and how fast."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from livekit.agents import llm, stt, tts

SLOWEST = 0.7
FASTEST = 1.45
"""Beyond these, voices become hard to understand."""
BETWEEN_REPLIES_S = 2.0
"""How long a change waits for a reply to end during which a provider takes none."""
LOOK_EVERY_S = 0.02


@runtime_checkable
class HasPace(Protocol):
    """A model that speaks."""

    def set_pace(self, factor: float) -> None:
        """Speak so many times as fast as it was configured."""
        ...


@runtime_checkable
class HasLanguage(Protocol):
    """A model that hears."""

    def set_language(self, language: str) -> None:
        """Expect another language, such as `de`."""
        ...


@runtime_checkable
class HasReplies(Protocol):
    """A model that takes changes only between its replies."""

    @property
    def in_reply(self) -> bool:
        """Whether it is making one."""
        ...


Model = llm.LLM[Any] | llm.RealtimeModel | stt.STT[Any] | tts.TTS[Any]


class Manner:
    """The manner of one call. Models that are taken on later, by a failover or a handoff, get it
    too.
    """

    def __init__(self) -> None:
        self.pace = 1.0
        """Times as fast as configured."""
        self._language: str | None = None
        self._models: list[Model] = []
        self._listeners: list[Callable[[str], None]] = []

    def take(self, *models: Model | None) -> None:
        """Let these models of the call have its manner, now and after every change."""
        for model in models:
            if model is None:
                continue
            self._models.append(model)
            if self.pace != 1.0 and isinstance(model, HasPace):
                model.set_pace(self.pace)
            if self._language is not None and isinstance(model, HasLanguage):
                model.set_language(self._language)

    def on_language(self, listener: Callable[[str], None]) -> None:
        """Tell somebody about every other language from now on."""
        self._listeners.append(listener)

    async def switch_language(self, language: str) -> None:
        """Hear another language."""
        await self._between_replies()
        self._language = language
        for model in self._models:
            if isinstance(model, HasLanguage):
                model.set_language(language)
        for listener in self._listeners:
            listener(language)

    async def change_speed(self, factor: float) -> bool:
        """Speak so many times as fast as now. False if there is nothing that could, or if it would
        be too slow or too fast.
        """
        pace = self.pace * factor
        voices = [model for model in self._models if isinstance(model, HasPace)]
        if not voices or not SLOWEST <= pace <= FASTEST:
            return False
        await self._between_replies()
        self.pace = pace
        for voice in voices:
            voice.set_pace(pace)
        return True

    async def _between_replies(self) -> None:
        busy = [model for model in self._models if isinstance(model, HasReplies)]
        try:
            async with asyncio.timeout(BETWEEN_REPLIES_S):
                # The plugin tells nobody when a reply is complete.
                while any(model.in_reply for model in busy):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            pass  # at worst, the provider refuses the change, and goes on
