"""The words of the utterance in progress."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError

from agent.pipeline.heard import Ear, Heard, Listener
from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.speculative_stt import SpeculativeSTT
from tests.fakes.detector import WINDOW_S, ScriptedVAD, Windows
from tests.fakes.recogniser import HeldRecogniser

RATE_HZ = 24_000


class Line:
    """A caller, a detector of voice, and an ear that listens beside the pipeline."""

    def __init__(self) -> None:
        self.server = HeldRecogniser()
        self._detector = ScriptedVAD()
        shared = SharedVAD(self._detector)
        recogniser = SpeculativeSTT(self.server, vad=shared)
        self.heard: Heard = recogniser.heard
        self.ear: Ear = Listener(recogniser).stream()
        self._session = shared.stream()
        self._windows = Windows()

    async def hear(self, duration_s: float, *, voiced: bool) -> None:
        """Frames and the detector's events, one window at a time."""
        samples = np.full(round(WINDOW_S * RATE_HZ), 1000 if voiced else 1, dtype=np.int16)
        for _ in range(round(duration_s / WINDOW_S)):
            self.ear.push_frame(rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, samples.size))
            for event in self._windows.next(voiced=voiced):
                self._detector.events.put_nowait(event)
                await anext(self._session)
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Everything is closed."""
        await self.ear.aclose()
        await self._session.aclose()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line()
    yield line
    await line.aclose()


async def test_words_are_known_before_the_turn_is_over(line: Line) -> None:
    """They are asked for in the first short pause, and forgotten when the caller goes on."""
    await asyncio.sleep(0.01)  # the ear begins to listen
    await line.hear(0.6, voiced=True)
    await line.hear(0.1, voiced=False)
    async with asyncio.timeout(2):
        request = await line.server.request(0)
    assert line.heard.known is None
    request.answer.set_result("My number is")
    assert await line.heard.by(time.monotonic() + 2) == "My number is"
    await line.hear(0.2, voiced=True)
    assert line.heard.known is None


async def test_a_server_that_fails_leaves_the_call_without_words(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    """Listening ends with one warning, and frames go on to be taken."""
    await asyncio.sleep(0.01)
    await line.hear(0.6, voiced=True)
    await line.hear(0.3, voiced=False)
    for index in range(2):  # the guess, and the request at the end of speech
        async with asyncio.timeout(2):
            (await line.server.request(index)).answer.set_exception(APIConnectionError("refused"))
    async with asyncio.timeout(2):
        while not line.ear.is_deaf:  # noqa: ASYNC110 - a task of its own ends
            await asyncio.sleep(0)
    await line.hear(0.6, voiced=True)
    line.ear.flush()
    assert "without the words" in caplog.text
    assert line.heard.known is None


async def test_words_that_do_not_come_are_not_waited_for_beyond_their_time() -> None:
    """Who asks gets None."""
    asked_s = time.monotonic()
    assert await Heard().by(asked_s + 0.05) is None
    assert time.monotonic() - asked_s >= 0.05
