"""What is done to the caller's audio before anything hears it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from livekit import rtc

from agent.pipeline.playout import RoomPlayout

TAIL_S = 0.3
"""Echo that is still on its way after the agent's last sample: network, loudspeaker, room."""

_BYTES_PER_SAMPLE = 2


class Filter(Protocol):
    """Takes a frame of int16 samples, leaves it as it is, and gives one as long."""

    def __call__(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        """Filter one frame; frames come in order."""
        ...


class CallerAudio(rtc.FrameProcessor[rtc.AudioFrame]):
    """Filters one after the other, in the form in which the framework takes them."""

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = filters
        self._enabled = True
        self.listener: Callable[[rtc.AudioFrame], None] | None = None
        """Is given each frame as it came, before any filter; must not block, nor keep the frame."""
        self.muted = False
        """Whether every frame is silence, for the listener too."""

    @property
    def enabled(self) -> bool:
        """Whether anything is done."""
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._enabled = value

    def _process(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        if self.muted:
            frame = _silent(frame)
        if self.listener is not None:
            self.listener(frame)
        if self._enabled:
            for apply in self._filters:
                frame = apply(frame)
        return frame

    def _close(self) -> None:
        """Nothing is held."""


class HalfDuplexGate:
    """For loudspeakers whose echo nothing cancels: the caller's audio is silence while the agent is
    audible, and shortly after.
    """

    def __init__(self, playout: RoomPlayout) -> None:
        self._playout = playout
        self._closed_until_s = 0.0

    def __call__(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        """See Filter."""
        now_s = time.monotonic()
        if self._playout.is_audible:
            self._closed_until_s = now_s + TAIL_S
        return frame if now_s >= self._closed_until_s else _silent(frame)


class NoiseSuppressor:
    """WebRTC's noise suppression, from the SDK: 12 dB off steady noise for 0.4 % of a core."""

    def __init__(self) -> None:
        self._processing = rtc.AudioProcessingModule(noise_suppression=True)

    def __call__(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        """See Filter."""
        return processed(self._processing, frame)


def processed(processing: rtc.AudioProcessingModule, frame: rtc.AudioFrame) -> rtc.AudioFrame:
    """A frame as WebRTC's processing gives it back. It takes spans of 10 ms; what is over stays as
    it is.
    """
    samples = frame.data.cast("B")
    span = frame.sample_rate // 100 * frame.num_channels * _BYTES_PER_SAMPLE
    size = len(samples) // span * span
    if size == 0:
        return frame
    part = _like(frame, bytearray(samples[:size]))
    processing.process_stream(part)
    if size == len(samples):
        return part
    return _like(frame, bytearray(part.data.cast("B")) + samples[size:])


def _silent(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    return _like(frame, bytearray(len(frame.data.cast("B"))))


def _like(frame: rtc.AudioFrame, samples: bytearray) -> rtc.AudioFrame:
    count = len(samples) // (_BYTES_PER_SAMPLE * frame.num_channels)
    return rtc.AudioFrame(samples, frame.sample_rate, frame.num_channels, count)
