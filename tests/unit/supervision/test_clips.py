"""The recorded sentences."""

from __future__ import annotations

import pytest

from agent.supervision.clips import SENTENCES, ClipName, load_clip
from agent.supervision.voice import AUDIBLE_PEAK


@pytest.mark.parametrize("name", ClipName)
def test_every_clip_is_there_and_is_heard_at_once(name: ClipName) -> None:
    """Each sentence has a recording in English, without a silence before it."""
    clip = load_clip(name, "en-GB")
    assert clip.text == SENTENCES[name]
    assert 0.5 < clip.duration_s < 8
    begins = memoryview(next(clip.frames()).data)
    assert max(abs(sample) for sample in begins) > AUDIBLE_PEAK


def test_a_language_without_recordings_is_served_in_english() -> None:
    """Words that are not understood are still better than none."""
    assert load_clip(ClipName.MOMENT, "tlh") == load_clip(ClipName.MOMENT, "en")


def test_frames_hold_the_whole_recording() -> None:
    """Nothing is lost between frames, and a frame is 20 ms at most."""
    clip = load_clip(ClipName.AGAIN, "en")
    frames = list(clip.frames())
    assert sum(frame.duration for frame in frames) == pytest.approx(clip.duration_s)
    assert all(frame.duration <= 0.0201 for frame in frames)
