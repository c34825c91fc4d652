"""The words of the utterance in progress, and how they are found out beside a pipeline that has
none before the turn is over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, stt, utils

logger = logging.getLogger(__name__)

_PATIENCE = APIConnectOptions(max_retry=0, timeout=3.0)
"""Words that come later than that decide nothing any more."""


class Heard:
    """The words of the utterance in progress, as soon as they are known."""

    def __init__(self) -> None:
        self._words: str | None = None
        self._known = asyncio.Event()

    @property
    def known(self) -> str | None:
        """The words; None as long as they are not known, empty if there were none."""
        return self._words

    def note(self, words: str) -> None:
        """These are the words so far."""
        self._words = words
        self._known.set()

    def forget(self) -> None:
        """The caller speaks on: what was known is out of date."""
        self._words = None
        self._known.clear()

    async def by(self, due_s: float) -> str | None:
        """The words as soon as they are known; None if they are not by then, on the monotonic
        clock.
        """
        try:
            async with asyncio.timeout(max(0.0, due_s - time.monotonic())):
                await self._known.wait()
        except TimeoutError:
            return None
        return self._words


class Listener:
    """Finds out the words by an STT that notes them in a Heard; its transcripts are not used.

    In the realtime pipeline the provider tells the words after the turn, and the turn detector
    needs them before.
    """

    def __init__(self, recogniser: stt.STT[Any]) -> None:
        self._recogniser = recogniser

    def stream(self) -> Ear:
        """Listen to the audio of one session."""
        return Ear(self._recogniser)


class Ear:
    """The STT's stream of one session. When the server fails, it listens no more: the call goes on
    without words.
    """

    def __init__(self, recogniser: stt.STT[Any]) -> None:
        self._stream = recogniser.stream(conn_options=_PATIENCE)
        self._listening = asyncio.create_task(self._listen(), name="heard.listen")

    @property
    def is_deaf(self) -> bool:
        """Whether it has stopped listening."""
        return self._listening.done()

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Hear the next frame."""
        if not self.is_deaf:
            self._stream.push_frame(frame)

    def flush(self) -> None:
        """The turn is over."""
        if not self.is_deaf:
            self._stream.flush()

    async def aclose(self) -> None:
        """Stop listening."""
        await utils.aio.cancel_and_wait(self._listening)
        await self._stream.aclose()

    async def _listen(self) -> None:
        try:
            async for _ in self._stream:
                pass
        except APIError as error:
            logger.warning("turns are ended without the words: %s", error)
