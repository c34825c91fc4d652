"""What the tests' caller understands of what the agent said."""

from __future__ import annotations

import numpy as np
import soxr

from agent.sandbox.espeak import EspeakVoices
from agent.sandbox.voices import SAMPLE_RATE_HZ
from agent.supervision.clips import ClipName, load_clip
from tests.caller.driver import PATIENCE
from tests.caller.recognition import understand

ANSWER = (
    "There is no forecast for that now, only what is usual: in Paris a day in November has a high"
    " of about 11 and a low of about 6 degrees Celsius, and rain falls on about 10 days of the"
    " month. Say that this is not a forecast."
)


async def test_what_follows_a_long_pause_is_understood() -> None:
    """Whisper alone hears the recording and nothing after it."""
    clip = load_clip(ClipName.MOMENT, "en")
    moment = soxr.resample(
        np.frombuffer(clip.samples, dtype=np.int16), clip.rate_hz, SAMPLE_RATE_HZ
    )
    spoken = [part async for part in EspeakVoices().speak(ANSWER, voice="marin")]
    answer = np.frombuffer(b"".join(spoken), dtype=np.int16)
    pause = np.zeros(2 * SAMPLE_RATE_HZ, dtype=np.int16)

    heard = understand(np.concatenate([moment, pause, answer]), SAMPLE_RATE_HZ)

    assert not heard.is_only(PATIENCE)
    assert "one moment" in heard
    assert "what is usual" in heard
    assert "not a forecast" in heard


def test_nothing_is_understood_of_silence() -> None:
    """Whisper invents words for it."""
    assert understand(np.zeros(2 * SAMPLE_RATE_HZ, dtype=np.int16), SAMPLE_RATE_HZ).text == ""
