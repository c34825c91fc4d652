"""Takes the agent's own voice out of what the caller's microphone sends, where it comes back.

WebRTC's canceller, from the SDK, takes 35 dB and more off an echo of 0.1 to 0.5 s. But where there
is none it mutes the caller's first words over the agent, seconds of them (measured 2026-11-21: at
0.4 and at 1.5 s into a reply nothing of a sentence at -18 dBFS was left). So it works only for a
caller whose echo has been proven, by likeness to what was played.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from functools import cache

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from agent.pipeline.played_audio import PlayedAudio

logger = logging.getLogger(__name__)

STEP_S = 0.01
"""The span that WebRTC takes."""
TAIL_S = 1.0
"""After the agent's last sample its echo is looked for this long."""
UNPROVEN_S = 20.0
"""Of the agent's speech without an echo: the caller has put on headphones."""

COMPARE_HZ = 8_000
WINDOW_S = 1.0
"""Longer than a "mhm": where the agent speaks on, its echo does too, and nothing else."""
WINDOW = round(WINDOW_S * COMPARE_HZ)
LONGEST_DELAY_S = 0.7
LOOK_EACH_S = 0.1
AUDIBLE_RMS = 60.0
"""About -55 dBFS: an echo below that wakes no detector of speech."""
LIKENESS = 0.35
"""Least correlation of WINDOW_S with what was played. Measured on the voices of flite and espeak,
2026-11-21: an echo has 0.4 to 0.6 in the median where the room's reverberation is 9 dB louder than
the direct sound; a caller who interrupts at most 0.26, even in the agent's own voice; the sounds of
`scripts.bench.sounds` at most 0.34.
"""
LEAST_PLAYED = 0.2
"""What is five times louder than what was played is no echo of it."""
SAME_DELAY_S = 0.02
"""Two looks in a row must find the echo equally late."""
_EMPHASIS = 0.9

Samples = NDArray[np.float32]


class EchoDetector:
    """Says when what is heard is what was played a moment ago."""

    def __init__(self, played: PlayedAudio) -> None:
        self._played = played
        self._heard: deque[Samples] = deque()
        """Of the last WINDOW_S, what is compared, as it came to each look."""
        self._unseen: list[NDArray[np.int16]] = []
        """Of each frame since the last look, as it came: no filter changes a frame in place."""
        self._heard_size = 0
        self._energy = 0.0
        self._next_look_s = 0.0
        self._delay_s: float | None = None

    def hears_echo(self, frame: rtc.AudioFrame, end_s: float) -> bool:
        """Take the next frame, which ended at a moment; True once an echo is proven, and then at
        each look that finds it still there.
        """
        self._unseen.append(_mono(frame))
        if end_s < self._next_look_s:
            return False
        self._next_look_s = end_s + LOOK_EACH_S
        unseen = np.concatenate(self._unseen)
        self._unseen.clear()
        self._hold(_compared(unseen, frame.sample_rate))
        before, self._delay_s = self._delay_s, self._find(end_s)
        if before is None or self._delay_s is None:
            return False
        return abs(self._delay_s - before) <= SAME_DELAY_S

    def reset(self) -> None:
        """Forget what was heard: the agent has long been silent."""
        self._heard.clear()
        self._unseen.clear()
        self._heard_size, self._energy, self._delay_s = 0, 0.0, None

    def _hold(self, samples: Samples) -> None:
        self._heard.append(samples)
        self._heard_size += samples.size
        self._energy += _energy(samples)
        while self._heard_size - self._heard[0].size >= WINDOW:
            oldest = self._heard.popleft()
            self._heard_size -= oldest.size
            self._energy -= _energy(oldest)

    def _find(self, end_s: float) -> float | None:
        """How late what was heard is behind what was played; None when it is something else."""
        if self._energy < AUDIBLE_RMS**2 * WINDOW:
            return None
        missing = np.zeros(max(WINDOW - self._heard_size, 0), np.float32)
        heard = np.concatenate([missing, *self._heard])[-WINDOW:]
        span_s = WINDOW_S + LONGEST_DELAY_S
        played = self._played.between(end_s - span_s, span_s)
        reference = _emphasised(_compared(played, self._played.sample_rate_hz))
        likeness, at = best_match(_emphasised(heard), reference)
        return LONGEST_DELAY_S - at / COMPARE_HZ if likeness >= LIKENESS else None


class EchoCanceller:
    """A filter of the caller's audio (`agent.pipeline.caller_audio.Filter`)."""

    def __init__(self, played: PlayedAudio, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._played = played
        self._clock = clock
        self._pace = _FramePace()
        self._detector = EchoDetector(played)
        self._processing: rtc.AudioProcessingModule | None = None
        self._unproven_s = 0.0
        self.found_at_s = -math.inf
        """When the echo was found that is being taken out, on the monotonic clock."""

    def __call__(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        """See Filter."""
        end_s = self._pace.end_s(self._clock(), frame.duration)
        if end_s > self._played.ends_s + TAIL_S:
            self._detector.reset()
            return frame
        if self._detector.hears_echo(frame, end_s):
            self._unproven_s = 0.0
            if self._processing is None:
                logger.info("the agent's voice comes back from the caller and is taken out")
                self._processing = rtc.AudioProcessingModule(echo_cancellation=True)
                self.found_at_s = self._clock()
        elif self._processing is not None:
            self._unproven_s += frame.duration
            if self._unproven_s > UNPROVEN_S:
                self._processing = None
        return frame if self._processing is None else self._cancel(self._processing, frame, end_s)

    def _cancel(
        self, processing: rtc.AudioProcessingModule, frame: rtc.AudioFrame, end_s: float
    ) -> rtc.AudioFrame:
        samples = _mono(frame).copy()
        size = round(frame.sample_rate * STEP_S)
        for start in range(0, samples.size // size * size, size):
            at_s = end_s - frame.duration + start / frame.sample_rate
            processing.process_reverse_stream(
                _frame(self._played.between(at_s, STEP_S), self._played.sample_rate_hz)
            )
            part = _frame(samples[start : start + size], frame.sample_rate)
            processing.process_stream(part)
            samples[start : start + size] = np.frombuffer(part.data, dtype=np.int16)
        return _frame(samples, frame.sample_rate)


class _FramePace:
    """When frames ended, by how much audio they hold: their arrival jitters, their content not."""

    def __init__(self) -> None:
        self._end_s = 0.0
        self._least_late_s = 0.0
        self._watched_s = 0.0

    def end_s(self, now_s: float, duration_s: float) -> float:
        """The end of the frame that has arrived now."""
        self._end_s = min(self._end_s + duration_s, now_s)
        late_s = now_s - self._end_s
        self._least_late_s = min(self._least_late_s, late_s) if self._watched_s else late_s
        self._watched_s += duration_s
        if late_s > 1.0 or self._watched_s >= 1.0:  # a gap, or a second in which all were late
            self._end_s += late_s if late_s > 1.0 else self._least_late_s
            self._watched_s = 0.0
        return self._end_s


def best_match(piece: Samples, whole: Samples) -> tuple[float, int]:
    """How alike a piece is to the part of a whole that is most like it, 0 to 1, and its place."""
    size = 1 << (whole.size + piece.size).bit_length()
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size))
    products = np.fft.irfft(spectrum, size)[: whole.size - piece.size + 1]
    energy = np.concatenate([[0.0], np.cumsum(np.square(whole, dtype=np.float64))])
    norms = np.sqrt(np.maximum(energy[piece.size :] - energy[: -piece.size], 0.0))
    norm = float(np.linalg.norm(piece))
    is_loud = norms > max(LEAST_PLAYED * norm, 1.0)
    likeness = np.where(is_loud, np.abs(products) / np.maximum(norms * norm, 1.0), 0.0)
    at = int(np.argmax(likeness))
    return float(likeness[at]), at


def _energy(samples: Samples) -> float:
    return float(np.dot(samples, samples))


def _mono(frame: rtc.AudioFrame) -> NDArray[np.int16]:
    samples = np.frombuffer(frame.data, dtype=np.int16)
    return samples if frame.num_channels == 1 else samples[:: frame.num_channels]


def _frame(samples: NDArray[np.int16], sample_rate_hz: int) -> rtc.AudioFrame:
    return rtc.AudioFrame(bytearray(samples.tobytes()), sample_rate_hz, 1, samples.size)


def _compared(samples: NDArray[np.int16], sample_rate_hz: int) -> Samples:
    """At COMPARE_HZ, of which the rate must be a multiple."""
    step = sample_rate_hz // COMPARE_HZ
    whole = samples[: samples.size // step * step].astype(np.float32)
    # The mean of each step; numpy's own takes four times as long for a frame.
    return np.asarray(whole.reshape(-1, step) @ _even_weights(step), dtype=np.float32)


@cache
def _even_weights(count: int) -> Samples:
    return np.full(count, 1 / count, np.float32)


def _emphasised(samples: Samples) -> Samples:
    return np.asarray(samples[1:] - np.float32(_EMPHASIS) * samples[:-1])
