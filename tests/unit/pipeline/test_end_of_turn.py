"""The end-of-turn model, and what the words change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice.turn import _StreamingTurnDetector, _StreamingTurnDetectorStream

from agent.pipeline.end_of_turn import ASKED_AFTER_S, Heard, Waits, WordAwareDetector

UNFINISHED_S = 0.9
DOUBTFUL_S = 0.8


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def stream(heard: Heard) -> AsyncIterator[Any]:
    detector = WordAwareDetector(heard, Waits(DOUBTFUL_S, UNFINISHED_S), language="en")
    assert isinstance(detector, _StreamingTurnDetector)
    stream = detector.stream()
    noise = np.random.default_rng(0).integers(-2000, 2000, 16_000, dtype=np.int16)
    stream.push_audio(rtc.AudioFrame(noise.tobytes(), 16_000, 1, noise.size))
    yield stream
    await stream.aclose()


async def test_the_session_takes_it_for_a_detector(stream: Any) -> None:
    """The framework asks by protocol; a missing member would switch the detector off."""
    assert isinstance(stream, _StreamingTurnDetectorStream)
    assert stream.model == "turn-detector-v1-mini"
    assert stream.prediction_timeout > UNFINISHED_S


async def test_whole_words_leave_the_decision_to_the_model(stream: Any, heard: Heard) -> None:
    """As soon as they are known, its probability is given."""
    deciding = stream.predict()
    await asyncio.sleep(0)
    assert not deciding.done()
    heard.note("When are you open?")
    async with asyncio.timeout(2):
        event = await deciding
    assert event.end_of_turn_probability > 0


async def test_a_sentence_that_breaks_off_is_waited_for(stream: Any, heard: Heard) -> None:
    """The turn is kept open until that much silence has passed."""
    heard.note("My number is")
    asked_s = time.monotonic()
    async with asyncio.timeout(2):
        event = await stream.predict()
    assert time.monotonic() - asked_s >= UNFINISHED_S - ASKED_AFTER_S - 0.01
    assert event.end_of_turn_probability == 0.0


async def test_a_doubt_is_told_late(heard: Heard) -> None:
    """Until then the transcript is not final, and a caller who goes on is heard in one piece."""
    detector = WordAwareDetector(heard, Waits(DOUBTFUL_S, UNFINISHED_S), language="en")
    detector.update_options(unlikely_threshold=1.0)  # doubts everything
    stream = detector.stream()
    heard.note("When are you open?")
    asked_s = time.monotonic()
    async with asyncio.timeout(2):
        event = await stream.predict()
    assert time.monotonic() - asked_s >= DOUBTFUL_S - ASKED_AFTER_S - 0.01
    assert event.end_of_turn_probability < 1.0
    await stream.aclose()


async def test_the_caller_who_goes_on_ends_the_wait(stream: Any, heard: Heard) -> None:
    """Nobody is left waiting for a decision that is no longer wanted."""
    heard.note("My number is")
    deciding = stream.predict()
    await asyncio.sleep(0)
    heard.forget()
    stream.cancel_inference()
    assert deciding.result().end_of_turn_probability == 0.0


async def test_a_new_question_replaces_the_one_before(stream: Any, heard: Heard) -> None:
    """The framework asks once in each pause."""
    first = stream.predict()
    second = stream.predict()
    assert first.done()
    heard.note("Hello.")
    async with asyncio.timeout(2):
        assert (await second).end_of_turn_probability > 0
