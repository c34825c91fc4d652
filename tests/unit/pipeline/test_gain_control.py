"""A quiet caller is raised; who speaks up costs nothing."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from livekit import rtc
from livekit.agents import vad
from numpy.typing import NDArray

from agent.pipeline.gain_control import GainControl
from agent.pipeline.speech_detector import SpeechDetector
from tests.caller.speech import SAMPLE_RATE_HZ, speak

RATE_HZ = 16_000
FRAME = RATE_HZ // 50
NORMAL_DB = 0.0
"""Of the caller in these tests, about -17 dBFS."""
QUIET_DB = -20.0
TEXTS = ("Please tell me when you are open.", "Yes.", "How much does it cost?", "Thank you.")


def sentence(text: str, gain_db: float) -> NDArray[np.int16]:
    """A sentence and the pause after it."""
    sound = np.concatenate([speak(text).samples, np.zeros(SAMPLE_RATE_HZ, np.int16)])
    heard = soxr.resample(sound.astype(np.float64), SAMPLE_RATE_HZ, RATE_HZ)
    return np.asarray(heard * 10 ** (gain_db / 20), np.int16)


class Line:
    """A caller whose audio goes through the gain control to a detector, which tells of speech."""

    def __init__(self) -> None:
        self.gain = GainControl()

    async def talk(self, gain_db: float) -> float:
        """Say all texts; by how many decibels the last was raised."""
        for text in TEXTS:
            said = sentence(text, gain_db)
            heard = await self._hear(said)
        return float(10 * np.log10(_energy(heard) / _energy(said)))

    async def _hear(self, said: NDArray[np.int16]) -> NDArray[np.int16]:
        stream = SpeechDetector().stream()
        heard = []
        for at in range(0, said.size, FRAME):
            part = said[at : at + FRAME]
            frame = self.gain(rtc.AudioFrame(part.tobytes(), RATE_HZ, 1, part.size))
            stream.push_frame(frame)
            heard.append(np.frombuffer(frame.data, np.int16))
        stream.end_input()
        async for event in stream:
            self.gain.heard(event)
        return np.concatenate(heard)


def _energy(samples: NDArray[np.int16]) -> float:
    return float(np.sum(np.square(samples, dtype=np.float64)))


@pytest.fixture
def line() -> Line:
    return Line()


async def test_a_quiet_caller_is_raised_for_as_long_as_they_are_quiet(line: Line) -> None:
    """By about as much as they lack."""
    assert await line.talk(QUIET_DB) > 12
    assert line.gain.works


async def test_who_speaks_up_passes_untouched(line: Line) -> None:
    """No frame of theirs is looked at, once it was seen to change none."""
    assert await line.talk(NORMAL_DB) == 0
    assert not line.gain.works
    frame = rtc.AudioFrame.create(RATE_HZ, 1, FRAME)
    assert line.gain(frame) is frame


async def test_who_grows_quiet_is_raised_again(line: Line) -> None:
    """They may have put the telephone on the table."""
    await line.talk(NORMAL_DB)
    assert await line.talk(QUIET_DB) > 6
    assert line.gain.works


async def test_a_detector_that_gives_no_audio_changes_nothing(line: Line) -> None:
    """What is not known to be quiet is not raised."""
    await line.talk(NORMAL_DB)
    line.gain.heard(vad.VADEvent(vad.VADEventType.END_OF_SPEECH, 0, 0.0, 1.0, 0.3))
    assert not line.gain.works
