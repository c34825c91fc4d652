"""A caller's ear: records the agent's audio and knows when it was audible."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from tests.caller.analysis import WINDOW_S, Span, SpanDetector, level_dbfs

SAMPLE_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class _Window:
    """10 ms as heard: the moment it arrived at (its end) and its samples."""

    end_s: float
    samples: NDArray[np.int16]


class Ear:
    """Hears one participant's audio track after another, in windows of 10 ms.

    A window is dated by the monotonic clock when the SDK hands it over, after the jitter buffer:
    the moment at which a loudspeaker would play it.
    """

    def __init__(self) -> None:
        self._windows: list[_Window] = []
        self._spans = SpanDetector()
        self._changed = asyncio.Condition()
        self._listening: list[asyncio.Task[None]] = []

    @property
    def spans(self) -> tuple[Span, ...]:
        """Stretches of audible speech so far; the last may still grow."""
        return self._spans.spans

    @property
    def is_hearing(self) -> bool:
        """Whether the agent is audible now, or was within a pause between words."""
        return self._spans.is_open

    @property
    def heard_s(self) -> float:
        """How much audio came in, silence included."""
        return len(self._windows) * WINDOW_S

    def listen(self, track: rtc.Track) -> None:
        """Hear this track until it ends."""
        self._listening.append(asyncio.create_task(self._run(track), name="ear"))

    async def until(self, heard: Callable[[], bool], deadline_s: float) -> bool:
        """Wait until `heard()` holds, asked at each window; False if not within `deadline_s`."""
        try:
            async with asyncio.timeout(deadline_s), self._changed:
                await self._changed.wait_for(heard)
        except TimeoutError:
            return heard()
        return True

    async def notify(self) -> None:
        """Let those who wait look again: something other than audio has changed."""
        async with self._changed:
            self._changed.notify_all()

    def samples(self, start_s: float, end_s: float) -> NDArray[np.int16]:
        """Audio heard between two moments of the monotonic clock; int16, (samples,)."""
        parts = [w.samples for w in self._windows if start_s < w.end_s <= end_s]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)

    async def aclose(self) -> None:
        """Stop hearing; what was heard stays."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    async def _run(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=10
        )
        try:
            async for event in stream:
                self._hear(np.frombuffer(event.frame.data, dtype=np.int16), time.monotonic())
                await self.notify()
        finally:
            await stream.aclose()

    def _hear(self, samples: NDArray[np.int16], end_s: float) -> None:
        self._windows.append(_Window(end_s, samples))
        self._spans.add(end_s - WINDOW_S, end_s, level_dbfs(samples))
