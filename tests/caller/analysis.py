"""When speech is audible: levels of 10 ms windows, and the spans that they make."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW_S = 0.010
AUDIBLE_DBFS = -45.0
"""RMS of a 10 ms window at which speech counts as heard. Speech here lies around -20 dBFS, WebRTC's
comfort noise and the codec's residue below -60 dBFS, so both ends of a word are found within a
window or two. The same bound trims what the caller says and dates what the agent says.
"""
ONSET_WINDOWS = 5
ONSET_LOUD = 3
"""A span begins at the first loud window of five of which three are loud: a click is not speech."""
SPAN_GAP_S = 0.3
"""Quiet up to this long lies within a span: pauses between words, stop consonants."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of audible speech on the monotonic clock, in seconds; ends exclusive."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return self.end_s - self.start_s


def level_dbfs(samples: NDArray[np.int16]) -> float:
    """RMS level of int16 samples relative to full scale; -120 for silence."""
    if samples.size == 0:
        return -120.0
    rms = float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))
    return 20.0 * float(np.log10(max(rms, 0.0328) / 32768.0))


class SpanDetector:
    """Finds spans of audible speech in a stream of windows, as they come; between two of them is
    quiet of more than `gap_s`.
    """

    def __init__(self, *, gap_s: float = SPAN_GAP_S) -> None:
        self._gap_s = gap_s
        self._recent: deque[tuple[float, float, bool]] = deque(maxlen=ONSET_WINDOWS)
        self._closed: list[Span] = []
        self._open_start_s: float | None = None
        self._last_loud_end_s = float("-inf")

    @property
    def spans(self) -> tuple[Span, ...]:
        """All spans so far, oldest first; the last may still grow."""
        if self._open_start_s is None:
            return tuple(self._closed)
        return (*self._closed, Span(self._open_start_s, self._last_loud_end_s))

    @property
    def is_open(self) -> bool:
        """Whether the last span may still grow: speech is heard, or was within SPAN_GAP_S."""
        return self._open_start_s is not None

    def add(self, start_s: float, end_s: float, dbfs: float) -> None:
        """Take the next window: its bounds on the monotonic clock and its level."""
        loud = dbfs >= AUDIBLE_DBFS
        self._recent.append((start_s, end_s, loud))
        if self._open_start_s is not None:
            if loud:
                self._last_loud_end_s = end_s
            elif end_s - self._last_loud_end_s > self._gap_s:
                self._closed.append(Span(self._open_start_s, self._last_loud_end_s))
                self._open_start_s = None
                self._recent.clear()
        elif sum(is_loud for _, _, is_loud in self._recent) >= ONSET_LOUD:
            louds = [window for window in self._recent if window[2]]
            self._open_start_s, self._last_loud_end_s = louds[0][0], louds[-1][1]


def spans_in(
    samples: NDArray[np.int16], sample_rate_hz: int, *, gap_s: float = SPAN_GAP_S
) -> tuple[Span, ...]:
    """The spans of audible speech in a recording, in seconds from its start; see SpanDetector."""
    window = round(sample_rate_hz * WINDOW_S)
    detector = SpanDetector(gap_s=gap_s)
    for start in range(0, samples.size, window):
        part = samples[start : start + window]
        begun_s = start / sample_rate_hz
        detector.add(begun_s, begun_s + part.size / sample_rate_hz, level_dbfs(part))
    return detector.spans


def voiced_bounds(samples: NDArray[np.int16], sample_rate_hz: int) -> tuple[float, float]:
    """Seconds from the clip's start to its first and past its last audible window.

    Raises ValueError for a clip in which nothing is audible.
    """
    window = round(sample_rate_hz * WINDOW_S)
    loud = [
        index
        for index in range(0, samples.size, window)
        if level_dbfs(samples[index : index + window]) >= AUDIBLE_DBFS
    ]
    if not loud:
        raise ValueError("the clip is silent")
    return loud[0] / sample_rate_hz, min(loud[-1] + window, samples.size) / sample_rate_hz


def pitch_hz(samples: NDArray[np.int16], sample_rate_hz: int) -> float:
    """The median fundamental frequency of a voice, by autocorrelation of 40 ms windows between 70
    and 350 Hz; windows that are not clearly voiced are left out.

    Raises ValueError where no window is voiced.
    """
    window = round(sample_rate_hz * 0.04)
    lags = slice(round(sample_rate_hz / 350), round(sample_rate_hz / 70))
    found: list[float] = []
    for start in range(0, samples.size - window, window):
        part = samples[start : start + window]
        if level_dbfs(part) < AUDIBLE_DBFS:
            continue
        centred = part.astype(np.float64) - part.mean()
        spectrum = np.fft.rfft(centred, 2 * window)
        likeness = np.fft.irfft(np.abs(spectrum) ** 2)[:window]
        lag = lags.start + int(np.argmax(likeness[lags]))
        if likeness[lag] > 0.5 * likeness[0]:
            found.append(sample_rate_hz / lag)
    if not found:
        raise ValueError("no voice in it")
    return float(np.median(found))
