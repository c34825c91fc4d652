"""Both sides of a call as tones, and how they are found again in its recording."""

from __future__ import annotations

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from tests.caller.sound import RATE_HZ as PLAYED_HZ

FRAME_S = 0.02
CALLER_HZ, AGENT_HZ = 440.0, 1_000.0
_PART_S = 0.02
_LOUD = 2_000.0


def tone(frequency_hz: float, at_s: float, *, rate_hz: int = 24_000) -> rtc.AudioFrame:
    """A frame of a tone that goes on from frame to frame."""
    moments = at_s + np.arange(round(FRAME_S * rate_hz)) / rate_hz
    samples = (np.sin(2 * np.pi * frequency_hz * moments) * 10_000).astype(np.int16)
    return rtc.AudioFrame(samples.tobytes(), rate_hz, 1, samples.size)


def sounding(side: NDArray[np.int16], frequency_hz: float) -> tuple[float, float] | None:
    """From when to when a side has this tone, in seconds; None for never."""
    size = round(_PART_S * PLAYED_HZ)
    parts = side[: side.size // size * size].reshape(-1, size)
    wave = np.exp(2j * np.pi * frequency_hz * np.arange(size) / PLAYED_HZ)
    loud = np.flatnonzero(np.abs(parts @ wave) * 2 / size > _LOUD)
    return None if loud.size == 0 else (loud[0] * _PART_S, (loud[-1] + 1) * _PART_S)
