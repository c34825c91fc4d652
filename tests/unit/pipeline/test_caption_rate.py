"""The speed of speech that captions go by."""

from __future__ import annotations

import numpy as np
import pytest
from livekit.agents.voice.transcription._speaking_rate import SpeakingRateDetector

from agent.pipeline.caption_rate import QuickRateDetector, spectral_flux
from agent.supervision.clips import ClipName, load_clip


async def rates(detector: SpeakingRateDetector) -> list[float]:
    """What a detector makes of a recording."""
    stream = detector.stream()
    for frame in load_clip(ClipName.SORRY, "en").frames():
        stream.push_frame(frame)
    stream.end_input()
    return [event.speaking_rate async for event in stream]


async def test_the_rates_are_the_frameworks() -> None:
    """Captions keep the pace they would have, for less work."""
    expected = await rates(SpeakingRateDetector())
    assert len(expected) > 10
    assert await rates(QuickRateDetector()) == pytest.approx(expected, rel=1e-3)


def test_audio_of_a_single_frame_has_no_rate() -> None:
    """The end of a reply may be short."""
    assert spectral_flux(np.ones(600, dtype=np.float32), 24_000) == 0.0
