"""What Chromium's fake microphone plays."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from tests.caller.speech import SAMPLE_RATE_HZ, speak

LEAD_S = 8
"""Silence before the first word: the agent's greeting has its turn."""
PAUSE_S = 14
"""Silence after each question: the time for an answer."""
REPEATS = 3
"""Chromium begins to play when the page opens the microphone, whether the agent is there or not;
who is not answered asks again.
"""


def microphone_file(folder: Path, text: str) -> Path:
    """A WAV file of someone who asks, waits for an answer, and asks again."""
    question = speak(text).samples
    pause = np.zeros(PAUSE_S * SAMPLE_RATE_HZ, np.int16)
    lead = np.zeros(LEAD_S * SAMPLE_RATE_HZ, np.int16)
    path = folder / "microphone.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(np.concatenate([lead, *([question, pause] * REPEATS)]).tobytes())
    return path


def conversation_file(folder: Path, *parts: str | float) -> Path:
    """A WAV file of someone who says these texts, with pauses of so many seconds between."""
    path = folder / "conversation.wav"
    sounds = [
        speak(part).samples
        if isinstance(part, str)
        else np.zeros(round(part * SAMPLE_RATE_HZ), np.int16)
        for part in parts
    ]
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(np.concatenate(sounds).tobytes())
    return path
