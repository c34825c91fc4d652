"""What a caller says: speech made by flite, ready for the microphone."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from tests.caller.analysis import voiced_bounds

SAMPLE_RATE_HZ = 48_000
"""Of the microphone: WebRTC's own rate, so that nothing resamples on the way out."""
PEAK = 0.5
"""Clips are scaled to this share of full scale: flite's voices differ by 12 dB otherwise."""

Voice = Literal["slt", "rms", "awb", "kal"]


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech without silence at its ends: int16, (samples,), mono at SAMPLE_RATE_HZ."""

    text: str
    samples: NDArray[np.int16]

    @property
    def duration_s(self) -> float:
        """From the first audible sample past the last."""
        return self.samples.size / SAMPLE_RATE_HZ


@lru_cache(maxsize=256)
def speak(text: str, voice: Voice = "slt") -> Clip:
    """The text as flite says it, trimmed to what is audible, so that the clip's first and last
    samples are the caller's first and last voiced samples. Takes some 50 ms.

    Raises RuntimeError when flite is missing (Debian package `flite`).
    """
    if shutil.which("flite") is None:
        raise RuntimeError("flite is not installed: apt-get install flite")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        samples, rate_hz = _read_wav(path)
    scaled = samples * (PEAK / max(float(np.abs(samples).max()), 1e-6))
    resampled = soxr.resample(scaled, rate_hz, SAMPLE_RATE_HZ)
    pcm = (np.clip(resampled, -1.0, 1.0) * 32767).astype(np.int16)
    start_s, end_s = voiced_bounds(pcm, SAMPLE_RATE_HZ)
    return Clip(text, pcm[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)])


def _read_wav(path: Path) -> tuple[NDArray[np.float32], int]:
    with wave.open(str(path), "rb") as wav:
        raw = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
        return raw.astype(np.float32) / 32768.0, wav.getframerate()
