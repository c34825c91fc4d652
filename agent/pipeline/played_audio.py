"""What the agent's voice lately sent out, sample by sample: what an echo is looked for in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEMORY_S = 2.0
SEAM_S = 0.02
"""Frames that follow each other within this are one: queue lengths are estimates."""


class PlayedAudio:
    """The last MEMORY_S of a voice and what is queued of it; int16 mono on the monotonic clock."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._ring = np.zeros(round(MEMORY_S * sample_rate_hz), dtype=np.int16)
        self._end = 0
        """Index, counted from the clock's zero, of the first sample that is not known."""

    @property
    def ends_s(self) -> float:
        """When the last sample sounds, or sounded; 0 before the first."""
        return self._end / self.sample_rate_hz

    def add(self, samples: bytes | bytearray | memoryview, at_s: float) -> None:
        """Take samples that will sound from a moment on, after all that was added before."""
        new = np.frombuffer(samples, dtype=np.int16)
        start = self._index(at_s)
        if start - self._end > SEAM_S * self.sample_rate_hz:
            gap = min(start - self._end, self._ring.size)
            self._write(start - gap, np.zeros(gap, dtype=np.int16))
            self._end = start
        self._write(self._end, new)
        self._end += new.size

    def cut(self, at_s: float) -> None:
        """Forget what was to sound after a moment: it was taken back."""
        start = self._index(at_s)
        self._end = min(self._end, start)

    def between(self, start_s: float, duration_s: float) -> NDArray[np.int16]:
        """What sounded in a stretch; silence where nothing did or it is forgotten."""
        count = round(duration_s * self.sample_rate_hz)
        indices = self._index(start_s) + np.arange(count)
        known = (indices < self._end) & (indices >= self._end - self._ring.size)
        return np.where(known, self._ring[indices % self._ring.size], 0).astype(np.int16)

    def _index(self, at_s: float) -> int:
        return round(at_s * self.sample_rate_hz)

    def _write(self, start: int, samples: NDArray[np.int16]) -> None:
        kept = samples[-self._ring.size :]
        indices = start + (samples.size - kept.size) + np.arange(kept.size)
        self._ring[indices % self._ring.size] = kept
