"""The local end-of-turn model, without work for audio that it is never asked about.

The framework resamples each frame for the model and shifts 1.2 s of samples to append it, fifty
times a second, for the one or two moments in a turn at which the model is asked. Here frames are
only held, and prepared when it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, inference
from livekit.agents.inference.eot.base import _BaseStreamingTurnDetectorStream
from livekit.agents.inference.eot.transports import _LocalTransport
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice.turn import TurnDetectionEvent

MEMORY_S = 1.2
"""What the model hears; the framework's buffer takes no more."""


class SparingDetector(inference.TurnDetector):
    """A turn detector whose model runs in this process: it must be made with version "v1-mini"."""

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> _BaseStreamingTurnDetectorStream:
        """A stream of predictions for one session."""
        return _SparingStream(
            detector=self, opts=self._opts, transport=_LocalTransport(opts=self._opts)
        )


class _SparingStream(_BaseStreamingTurnDetectorStream):
    """Its inner parts are the framework's: 1.8.9 has no public way to feed it late."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._held: deque[rtc.AudioFrame] = deque()
        self._held_samples = 0

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        """Hold the next frame; all have the same format."""
        self._held.append(frame)
        self._held_samples += frame.samples_per_channel
        while self._held_samples > MEMORY_S * frame.sample_rate:
            self._held_samples -= self._held.popleft().samples_per_channel

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        """Ask about the audio until now."""
        if self._held:
            for frame in self._resample_audio_frame(rtc.combine_audio_frames(list(self._held))):
                self._transport.push_frame(frame)
            self._forget()
        return super().predict()

    def flush(self, reason: str | None = None) -> None:
        """Forget the audio until now."""
        self._forget()
        super().flush(reason)

    def _forget(self) -> None:
        self._held.clear()
        self._held_samples = 0
