"""The end-of-turn model fed only when it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import inference

from agent.pipeline.sparing_detector import SparingDetector
from agent.supervision.clips import ClipName, load_clip

TOLERANCE = 0.1
"""For the same audio the model's answer varies by up to 0.04."""


@asynccontextmanager
async def stream_of(detector: inference.TurnDetector) -> AsyncIterator[Any]:
    """A stream of a detector's."""
    stream = detector.stream()
    try:
        yield stream
    finally:
        await stream.aclose()


async def answer(stream: Any, frames: Iterable[rtc.AudioFrame]) -> float:
    """What the model says after these frames."""
    for frame in frames:
        stream.push_audio(frame)
    while not stream._audio_ch.empty():  # noqa: ASYNC110 - nothing tells when it is
        await asyncio.sleep(0)
    event = await asyncio.wait_for(stream.predict(), 10.0)
    return float(event.end_of_turn_probability)


@pytest.mark.parametrize("name", [ClipName.STILL_THERE, ClipName.SORRY])
async def test_its_answer_is_the_frameworks(name: ClipName) -> None:
    """That it works later changes nothing of what it says, of much audio as of little."""
    frames = list(load_clip(name, "en").frames())
    async with (
        stream_of(inference.TurnDetector(version="v1-mini")) as framework,
        stream_of(SparingDetector(version="v1-mini")) as ours,
    ):
        expected = await answer(framework, frames)
        assert await answer(ours, frames) == pytest.approx(expected, abs=TOLERANCE)


async def test_it_may_be_asked_again_in_the_same_pause() -> None:
    """What it heard before its first answer counts for the next."""
    frames = list(load_clip(ClipName.STILL_THERE, "en").frames())
    detector = SparingDetector(version="v1-mini")
    async with stream_of(detector) as whole, stream_of(detector) as in_two:
        expected = await answer(whole, frames)
        await answer(in_two, frames[: len(frames) // 2])
        again = await answer(in_two, frames[len(frames) // 2 :])
        assert again == pytest.approx(expected, abs=TOLERANCE)
