"""Both sides of a call on one clock, every sample where its time says. Knows no clock and no file.

Times are seconds from the clock's zero; samples are int16, (samples,), mono, and stereo is int16,
(samples, 2), the caller left and the agent right.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 24_000
"""Of what is taken out: the agent's voice has no more, and few telephones as much."""
BLOCK_S = 0.06
BLOCK = round(BLOCK_S * RATE_HZ)
"""What is taken out is a multiple of this: every usual rate has whole samples in it."""
MOST_TAKEN = 20 * BLOCK
SEAM_S = 0.015
"""Frames that follow each other within this are one. A clock that runs faster or slower than ours
is put right whenever it is off by this much.
"""
LAG_S = 0.4
"""What is taken out is older than this, so that a frame that comes late still finds its place."""
FIRST_LAG_S = 4.0
"""The same until the caller is heard: what they said while connecting comes in one burst."""
MEMORY_S = 10.0
_MARGIN_S = 0.02
"""Beside a block, for the filter that resamples it."""

Samples = NDArray[np.int16]


class Timeline:
    """The last MEMORY_S of one side, and silence where there is nothing."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._ring = np.zeros(round(MEMORY_S * rate_hz), dtype=np.int16)
        self._end = 0

    @property
    def end_s(self) -> float:
        """The end of the last sample."""
        return self._end / self.rate_hz

    def add(self, samples: Samples, at_s: float) -> None:
        """Take samples that sound from a moment on. What is there already stays, and what would
        lie on it is dropped.
        """
        ahead = round(at_s * self.rate_hz) - self._end
        seam = round(SEAM_S * self.rate_hz)
        if ahead < -seam:
            samples = samples[-ahead:]
        elif ahead > seam:
            self._append(np.zeros(min(ahead, self._ring.size), dtype=np.int16), skip=ahead)
        self._append(samples, skip=samples.size)

    def cut(self, at_s: float) -> None:
        """Forget what was to sound after a moment."""
        self._end = min(self._end, max(round(at_s * self.rate_hz), 0))

    def between(self, start: int, count: int) -> Samples:
        """What sounds from the sample of this number on."""
        indices = start + np.arange(count)
        known = (indices < self._end) & (indices >= max(self._end - self._ring.size, 0))
        return np.where(known, self._ring[indices % self._ring.size], 0).astype(np.int16)

    def _append(self, samples: Samples, *, skip: int) -> None:
        """The last of these samples end `skip` after the end there was."""
        self._end += skip
        kept = samples[-self._ring.size :]
        start = (self._end - kept.size) % self._ring.size
        before_wrap = min(kept.size, self._ring.size - start)
        self._ring[start : start + before_wrap] = kept[:before_wrap]
        self._ring[: kept.size - before_wrap] = kept[before_wrap:]


class Arrivals:
    """Frames of a live stream, which are dated by when they came: a frame may be late but never
    early, and so the most punctual of those that follow it tells when it ended.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, float, Samples]] = deque()

    def add(self, samples: Samples, rate_hz: int, arrived_s: float) -> None:
        """Take the next frame, which was whole at this moment."""
        self._waiting.append((arrived_s, samples.size / rate_hz, samples))

    def before(self, end_s: float) -> Iterator[tuple[Samples, float]]:
        """The frames that begin before a moment, each with its beginning; they are taken out."""
        latest_end_s = math.inf
        begins: list[float] = []
        for arrived_s, duration_s, _ in reversed(self._waiting):
            latest_end_s = min(latest_end_s, arrived_s) - duration_s
            begins.append(latest_end_s)
        for begin_s in reversed(begins):
            if begin_s >= end_s:
                return
            yield self._waiting.popleft()[2], begin_s


class TwoSides:
    """Puts the caller and the agent beside each other."""

    def __init__(self) -> None:
        self._arrivals = Arrivals()
        self._caller: Timeline | None = None
        """At the rate of its first frame."""
        self._heard_from_s = math.inf
        self._agent = Timeline(RATE_HZ)
        self._taken = 0

    def hear(self, samples: Samples, rate_hz: int, arrived_s: float) -> None:
        """Take the caller's next frame, which was whole at a moment."""
        if self._caller is None:
            self._caller, self._heard_from_s = Timeline(rate_hz), arrived_s
        samples = _resampled(samples, rate_hz, self._caller.rate_hz)
        self._arrivals.add(samples, self._caller.rate_hz, arrived_s)

    def play(self, samples: Samples, rate_hz: int, at_s: float) -> None:
        """Take what the agent says from a moment on."""
        self._agent.add(_resampled(samples, rate_hz, RATE_HZ), at_s)

    def cut(self, at_s: float) -> None:
        """The agent falls silent at a moment, whatever it was going to say."""
        self._agent.cut(at_s)

    def take(self, now_s: float) -> Iterator[Samples]:
        """What has found its place by now and was not taken before, from the clock's zero on."""
        is_new = now_s < self._heard_from_s + LAG_S
        return self._until(now_s - (FIRST_LAG_S if is_new else LAG_S))

    def rest(self) -> Iterator[Samples]:
        """All that is left, to the last sample. Nothing comes after it."""
        return self._until(math.inf)

    def _until(self, end_s: float) -> Iterator[Samples]:
        caller, last_s = self._caller, self._agent.end_s
        if caller is not None:
            for samples, at_s in self._arrivals.before(end_s + _MARGIN_S):
                caller.add(samples, at_s)
            last_s = max(last_s, caller.end_s)
        # No further than there is anything: a call without a sound has no file.
        end = math.ceil(last_s * RATE_HZ / BLOCK) * BLOCK
        if end_s < last_s:
            end = min(end, max(math.floor(end_s * RATE_HZ / BLOCK), 0) * BLOCK)
        while self._taken < end:
            count = min(end - self._taken, MOST_TAKEN)
            sides = [_part(side, self._taken, count) for side in (caller, self._agent)]
            self._taken += count
            yield np.stack(sides, axis=1)


def _part(side: Timeline | None, start: int, count: int) -> Samples:
    """Whole blocks of a side at RATE_HZ; they begin and end with a sample of its own rate."""
    if side is None:
        return np.zeros(count, dtype=np.int16)
    if side.rate_hz == RATE_HZ:
        return side.between(start, count)
    first, size = (round(n / RATE_HZ * side.rate_hz) for n in (start, count))
    beside = round(_MARGIN_S * side.rate_hz)
    resampled = _resampled(side.between(first - beside, size + 2 * beside), side.rate_hz, RATE_HZ)
    margin = round(_MARGIN_S * RATE_HZ)
    return resampled[margin : margin + count]


def _resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    if from_hz == to_hz:
        return samples
    return np.asarray(soxr.resample(samples, from_hz, to_hz, quality="MQ"), dtype=np.int16)
