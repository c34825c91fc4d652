"""A caller's microphone: one track that never stops, with silence where nobody speaks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
from livekit import rtc

from tests.caller.speech import SAMPLE_RATE_HZ, Clip

FRAME_S = 0.010
FRAME_SAMPLES = round(SAMPLE_RATE_HZ * FRAME_S)
LEAD_FRAMES = 2
"""Frames handed over ahead of their time, so that a late wake-up of up to 20 ms leaves no gap."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said and when it left the microphone, in seconds on the monotonic clock. Clips are
    trimmed, so these are the first and the end of the last voiced sample.
    """

    text: str
    first_sample_s: float
    last_sample_s: float


@dataclass(slots=True)
class _Playing:
    clip: Clip
    done: asyncio.Future[Utterance]
    position: int = 0
    first_sample_s: float = 0.0


class Microphone:
    """Sends a frame each 10 ms by the monotonic clock: the clip being said, or silence.

    A frame's time is its place on that schedule, whatever moment the event loop woke up at. One
    that is handed over too late to be there moves the schedule: the source sends no faster than it
    plays.
    """

    def __init__(self) -> None:
        self.source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=200)
        self._queue: deque[_Playing] = deque()
        self._pump: asyncio.Task[None] | None = None
        self.late_frames = 0
        """Frames handed over after their time: above a few, the machine was too busy to measure."""

    def start(self) -> None:
        """Begin to send; needs a running loop."""
        self._pump = asyncio.create_task(self._run(), name="microphone")

    async def say(self, clip: Clip) -> Utterance:
        """Say a clip after whatever is being said; returns when its last sample has left."""
        done: asyncio.Future[Utterance] = asyncio.get_running_loop().create_future()
        self._queue.append(_Playing(clip, done))
        return await done

    async def aclose(self) -> None:
        """Stop sending. Who still waits in `say` is cancelled."""
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        for playing in self._queue:
            playing.done.cancel()
        await self.source.aclose()

    async def _run(self) -> None:
        start_s = time.monotonic()
        frame_index = 0
        while True:
            due_s = start_s + frame_index * FRAME_S
            wait_s = due_s - LEAD_FRAMES * FRAME_S - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            elif (late_s := time.monotonic() - due_s) > 0:
                self.late_frames += 1
                start_s += late_s
                due_s += late_s
            await self.source.capture_frame(self._next_frame(due_s))
            frame_index += 1

    def _next_frame(self, due_s: float) -> rtc.AudioFrame:
        samples = np.zeros(FRAME_SAMPLES, dtype=np.int16)
        if self._queue:
            playing = self._queue[0]
            if playing.position == 0:
                playing.first_sample_s = due_s
            part = playing.clip.samples[playing.position : playing.position + FRAME_SAMPLES]
            samples[: part.size] = part
            playing.position += FRAME_SAMPLES
            if playing.position >= playing.clip.samples.size:
                self._finish(self._queue.popleft(), due_s + part.size / SAMPLE_RATE_HZ)
        return rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE_HZ, 1, FRAME_SAMPLES)

    def _finish(self, playing: _Playing, last_sample_s: float) -> None:
        utterance = Utterance(playing.clip.text, playing.first_sample_s, last_sample_s)

        def resolve() -> None:
            if not playing.done.done():
                playing.done.set_result(utterance)

        # Frames go out ahead of their time; who said it must not act before it was heard.
        delay_s = max(last_sample_s - time.monotonic(), 0.0)
        asyncio.get_running_loop().call_later(delay_s, resolve)
