"""What the sandbox sounds like: words in, speech out, off the event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

SAMPLE_RATE_HZ = 24_000
"""Every voice answers at the rate of OpenAI's pcm format."""


class VoicesError(Exception):
    """A synthesiser that cannot work on this machine; the message says why and what helps."""


class Voices(Protocol):
    """A speech synthesiser with several named voices."""

    @property
    def name(self) -> str:
        """Which synthesiser this is, for logs and `/healthz`."""
        ...

    async def warm(self) -> None:
        """Load what is needed, once, off the loop. Raises VoicesError; `speak` calls it too."""
        ...

    def speak(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Speech as it is made: little-endian int16 mono at SAMPLE_RATE_HZ, in chunks of whole
        samples. Closing the iterator early stops the synthesis. Unknown voices get a default.
        """
        ...
