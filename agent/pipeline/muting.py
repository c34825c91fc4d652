"""A caller who does not want to be heard for a while."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import AgentSession

from agent.pipeline.caller_audio import CallerAudio

SILENCE_FIRST_S = 2.0
"""So that a turn that was under way ends as every turn does: by silence."""


class Muting:
    """Mutes the caller of one call for whoever hears them, the recording of its sound included.

    Silence goes to the models at first, then nothing at all: a realtime provider is paid for the
    sound it hears, and a recogniser would be asked about it.

    Args:
        audio: The caller's.
        session: Hears it.
        silence_first_s: How long the silence lasts.
    """

    def __init__(
        self,
        audio: CallerAudio,
        session: AgentSession[Any],
        *,
        silence_first_s: float = SILENCE_FIRST_S,
    ) -> None:
        self._audio = audio
        self._session = session
        self._silence_first_s = silence_first_s
        self._detaching: asyncio.TimerHandle | None = None

    @property
    def muted(self) -> bool:
        """Whether the caller is not heard."""
        return self._audio.muted

    def set(self, muted: bool) -> None:
        """Mute, or hear again. Repeating it is harmless."""
        if muted == self._audio.muted:
            return
        self._audio.muted = muted
        if self._detaching is not None:
            self._detaching.cancel()
            self._detaching = None
        if muted:
            loop = asyncio.get_running_loop()
            self._detaching = loop.call_later(self._silence_first_s, self._detach)
        else:
            self._session.input.set_audio_enabled(True)

    def _detach(self) -> None:
        self._detaching = None
        self._session.input.set_audio_enabled(False)
