"""A caller's line without a room: a microphone, a loudspeaker and a place for captions."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents.voice import io
from numpy.typing import NDArray

FRAME_S = 0.02
RATE_HZ = 24_000
LOUD_PEAK = 300


class FakeMicrophone(io.AudioInput):
    """Sends what is said, and silence else, in real time; int16 mono at RATE_HZ."""

    def __init__(self) -> None:
        super().__init__(label="FakeMicrophone")
        self._waiting: deque[bytes] = deque()
        self._due_s = 0.0
        self._said = asyncio.Event()

    async def say(self, samples: NDArray[np.int16]) -> float:
        """Speak; returns when the last sample has left, and when that was, monotonic."""
        step = round(RATE_HZ * FRAME_S)
        padded = np.pad(samples, (0, -len(samples) % step))
        self._said.clear()
        self._waiting.extend(padded[at : at + step].tobytes() for at in range(0, len(padded), step))
        await self._said.wait()
        return time.monotonic()

    async def __anext__(self) -> rtc.AudioFrame:
        now_s = time.monotonic()
        self._due_s = max(self._due_s + FRAME_S, now_s - 0.2)
        await asyncio.sleep(max(0.0, self._due_s - now_s))
        size = round(RATE_HZ * FRAME_S)
        data = self._waiting.popleft() if self._waiting else bytes(2 * size)
        if not self._waiting:
            self._said.set()
        return rtc.AudioFrame(data, RATE_HZ, 1, size)


class FakeSpeaker(io.AudioOutput):
    """Plays in real time and remembers when it was loud, on the monotonic clock."""

    def __init__(self) -> None:
        super().__init__(
            label="FakeSpeaker",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=RATE_HZ,
        )
        self.loud: list[tuple[float, float]] = []
        self._begun_s: float | None = None
        self._pushed_s = 0.0
        self._ending: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """See AudioOutput."""
        await super().capture_frame(frame)
        now_s = time.monotonic()
        if self._begun_s is None:
            self._begun_s = now_s
            self.on_playback_started(created_at=time.time())
        start_s = max(self._begun_s + self._pushed_s, now_s)
        self._pushed_s = start_s - self._begun_s + frame.duration
        if np.abs(np.frombuffer(frame.data, np.int16)).max(initial=0) > LOUD_PEAK:
            self.loud.append((start_s, start_s + frame.duration))

    def flush(self) -> None:
        """See AudioOutput."""
        super().flush()
        if self._begun_s is not None:
            self._ending = asyncio.create_task(self._finish_at(self._begun_s + self._pushed_s))

    def clear_buffer(self) -> None:
        """See AudioOutput."""
        if self._begun_s is None:
            return
        if self._ending is not None:
            self._ending.cancel()
        now_s = time.monotonic()
        self.loud = [(start, min(end, now_s)) for start, end in self.loud if start < now_s]
        self._finish(now_s - self._begun_s, interrupted=True)

    async def _finish_at(self, moment_s: float) -> None:
        await asyncio.sleep(max(0.0, moment_s - time.monotonic()))
        self._finish(self._pushed_s, interrupted=False)

    def _finish(self, position_s: float, *, interrupted: bool) -> None:
        self._begun_s, self._pushed_s, self._ending = None, 0.0, None
        self.on_playback_finished(playback_position=position_s, interrupted=interrupted)

    def longest_silence_s(self, since_s: float, until_s: float) -> float:
        """The longest time without a loud frame between two moments."""
        longest_s = 0.0
        for start_s, end_s in [*sorted(self.loud), (until_s, until_s)]:
            if end_s >= since_s and start_s <= until_s:
                longest_s = max(longest_s, start_s - since_s)
                since_s = max(since_s, end_s)
        return longest_s


class FakeRoom:
    """As much of a room as a caption needs."""

    def __init__(self, changed: asyncio.Event) -> None:
        self.captions: list[str] = []
        self._changed = changed
        self.local_participant = self
        self.track_publications: dict[str, Any] = {}

    async def send_text(self, text: str, **_: object) -> None:
        """Note a caption."""
        self.captions.append(text)
        self._changed.set()
