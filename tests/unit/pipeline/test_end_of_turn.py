"""The end-of-turn model, and what the words change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.language import LanguageCode
from livekit.agents.voice.turn import _StreamingTurnDetector, _StreamingTurnDetectorStream

from agent.pipeline.end_of_turn import ASKED_AFTER_S, Waits, WordAwareDetector
from agent.pipeline.heard import Heard

WAITS = Waits(doubtful_s=0.8, unfinished_s=0.9, words_s=0.7, unheard_s=1.0)
SURE, DOUBTFUL, OPEN = 0.01, 0.9, 1.0
"""Thresholds that make the model's answer to noise, about 0.6, sure, doubtful to the sound alone,
and doubtful whatever the words are."""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def make(heard: Heard) -> AsyncIterator[Callable[[float], Any]]:
    """Streams of a detector with that threshold, which have heard noise."""
    streams = []

    def stream(threshold: float, waits: Waits = WAITS) -> Any:
        detector = WordAwareDetector(heard, waits, language="en")
        detector.update_options(unlikely_threshold=threshold)
        assert isinstance(detector, _StreamingTurnDetector)
        streams.append(detector.stream())
        noise = np.random.default_rng(0).integers(-2000, 2000, 16_000, dtype=np.int16)
        streams[-1].push_audio(rtc.AudioFrame(noise.tobytes(), 16_000, 1, noise.size))
        return streams[-1]

    yield stream
    for one in streams:
        await one.aclose()


async def decide(stream: Any) -> tuple[bool, float]:
    """Whether the turn is over, and the silence that passed until that was said."""
    threshold = await stream.unlikely_threshold(None)
    asked_s = time.monotonic()
    async with asyncio.timeout(3):
        event = await stream.predict()
    silence_s = time.monotonic() - asked_s + ASKED_AFTER_S
    return event.end_of_turn_probability >= threshold, silence_s


async def test_the_session_takes_it_for_a_detector(make: Callable[[float], Any]) -> None:
    """The framework asks by protocol; a missing member would switch the detector off."""
    stream = make(SURE)
    assert isinstance(stream, _StreamingTurnDetectorStream)
    assert stream.model == "turn-detector-v1-mini"
    assert stream.prediction_timeout > WAITS.longest_s


async def test_a_clear_end_is_told_as_soon_as_the_words_are_whole(
    make: Callable[..., Any], heard: Heard
) -> None:
    """Nothing more is waited for."""
    patient = replace(WAITS, words_s=60.0)
    deciding = asyncio.create_task(decide(make(SURE, patient)))
    await asyncio.sleep(0.1)
    assert not deciding.done()
    heard.note("When are you open?")
    is_over, _ = await deciding
    assert is_over


async def test_a_clear_end_is_told_without_words_that_do_not_come(
    make: Callable[..., Any],
) -> None:
    """They are waited for once, and then no more: they seem to come late in this call."""
    stream = make(SURE, replace(WAITS, words_s=1.5))
    is_over, silence_s = await decide(stream)
    assert is_over
    assert silence_s >= 1.49
    is_over, silence_s = await decide(stream)
    assert is_over
    assert silence_s < 1.5


async def test_a_sentence_that_breaks_off_is_waited_for(
    make: Callable[[float], Any], heard: Heard
) -> None:
    """However sure the sound is: the turn is kept open until that much silence has passed."""
    heard.note("My number is")
    is_over, silence_s = await decide(make(SURE))
    assert not is_over
    assert silence_s >= WAITS.unfinished_s - 0.01


async def test_whole_words_decide_where_the_sound_alone_would_not(
    make: Callable[[float], Any], heard: Heard
) -> None:
    """Most pauses after a whole sentence are ends."""
    stream = make(0.5)
    probability = (await stream._inner.predict()).end_of_turn_probability
    stream._inner._opts.thresholds.update_overrides(probability / 0.9)
    heard.note("When are you open?")
    assert (await decide(stream))[0]


async def test_a_doubt_is_told_late(make: Callable[[float], Any], heard: Heard) -> None:
    """Until then the transcript is not final, and a caller who goes on is heard in one piece."""
    heard.note("When are you open?")
    is_over, silence_s = await decide(make(OPEN))
    assert not is_over
    assert silence_s >= WAITS.doubtful_s - 0.01


async def test_a_doubt_without_words_is_told_latest(make: Callable[[float], Any]) -> None:
    """Then there is nothing but the silence to go by."""
    is_over, silence_s = await decide(make(OPEN))
    assert not is_over
    assert silence_s >= WAITS.unheard_s - 0.01


async def test_the_caller_who_goes_on_ends_the_wait(
    make: Callable[[float], Any], heard: Heard
) -> None:
    """Nobody is left waiting for a decision that is no longer wanted."""
    heard.note("My number is")
    stream = make(SURE)
    deciding = stream.predict()
    await asyncio.sleep(0)
    heard.forget()
    stream.cancel_inference()
    assert deciding.result().end_of_turn_probability == 0.0


async def test_a_new_question_replaces_the_one_before(
    make: Callable[[float], Any], heard: Heard
) -> None:
    """The framework asks once in each pause."""
    stream = make(SURE)
    first = stream.predict()
    second = stream.predict()
    assert first.done()
    heard.note("Hello.")
    async with asyncio.timeout(2):
        assert (await second).end_of_turn_probability > 0


async def test_the_threshold_is_that_of_the_calls_language() -> None:
    """The framework knows the language only from transcripts, which come too late here."""
    thresholds = []
    for language in ("en", "de"):
        stream = WordAwareDetector(Heard(), WAITS, language=language).stream()
        thresholds.append(await stream.unlikely_threshold(LanguageCode("fr")))
        await stream.aclose()
    assert thresholds == [0.36, 0.245]
