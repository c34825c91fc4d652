"""The agent's voice in the room: it stops at once and goes on at the very sample it stopped at.

The framework's own output, on a pause, plays on until its next frame is due and then drops what the
source had queued: up to 0.2 s of speech that nobody ever hears. Here what was not played is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Protocol

from livekit import rtc
from livekit.agents.voice import io

from agent.pipeline.played_audio import PlayedAudio

logger = logging.getLogger(__name__)

SAMPLE_RATE_HZ = 24_000
BITRATE_BPS = 64_000
"""Of the voice's Opus. From here on Opus codes the whole band at once, which sounds better than the
32 kbit/s that WebRTC would choose and takes half the computing: 0.009 instead of 0.020 of a core
for each call, measured 2026-11-21. At 48 kbit/s it still takes as much as at 20.
"""
FRAME_S = 0.05
QUEUE_S = 0.2
"""Handed to the source ahead of time, so that a busy event loop leaves no gap."""
DRY_MARGIN_S = 0.02
"""A tail shorter than a frame is handed over this long before the source runs dry."""

_BYTES_PER_SAMPLE = 2
_FRAME_SAMPLES = round(SAMPLE_RATE_HZ * FRAME_S)


class PlayoutListener(Protocol):
    """Is told what the caller hears of the agent; must not block, nor keep a frame."""

    def played(self, frame: rtc.AudioFrame, at_s: float) -> None:
        """A frame will sound from a moment of the monotonic clock on."""
        ...

    def cut(self, at_s: float) -> None:
        """What was to sound after a moment will not."""
        ...


class RoomPlayout(io.AudioOutput):
    """Plays speech as one audio track; int16 mono at SAMPLE_RATE_HZ.

    `start` publishes the track; frames wait until somebody has subscribed to it. `aclose` ends it.
    """

    def __init__(self) -> None:
        super().__init__(
            label="RoomPlayout",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=SAMPLE_RATE_HZ,
        )
        self._source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=round(QUEUE_S * 1000))
        self.played = PlayedAudio(SAMPLE_RATE_HZ)
        self.listener: PlayoutListener | None = None
        self._subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._segment: _Segment | None = None
        self._enabled = asyncio.Event()
        self._enabled.set()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_speaking(self) -> bool:
        """Whether a reply has begun to sound and is not over; paused ones count."""
        return self._segment is not None and self._segment.started_at is not None

    @property
    def is_audible(self) -> bool:
        """Whether the caller hears the agent now."""
        return self.is_speaking and self._source.queued_duration > 0

    @property
    def remaining_s(self) -> float | None:
        """How much of the reply is still to be heard; None while it is still being made."""
        if self._segment is None:
            return 0.0
        if not self._segment.complete:
            return None
        return (self._segment.size - self._segment.given) / SAMPLE_RATE_HZ + (
            self._source.queued_duration
        )

    def start(self, room: rtc.Room) -> None:
        """Publish the track in a connected room, and play from then on."""
        self._tasks = [
            asyncio.create_task(self._publish(room), name="publish_voice"),
            asyncio.create_task(self._play(), name="play_voice"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    async def aclose(self) -> None:
        """Stop playing; what was not heard is lost. The track goes with the room's connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """See AudioOutput. Frames may come faster than they are played."""
        await self._subscribed
        if self._segment is None or self._segment.complete:
            await self._idle.wait()  # one reply at a time
        await super().capture_frame(frame)
        if self._segment is None:
            self._segment = _Segment()
            self._idle.clear()
        if not self._segment.interrupted:
            self._segment.audio += frame.data.cast("B")
        self._wake.set()

    def flush(self) -> None:
        """See AudioOutput: nothing more belongs to this reply."""
        super().flush()
        if self._segment is not None:
            self._segment.complete = True
            self._wake.set()

    def clear_buffer(self) -> None:
        """See AudioOutput: silence, now; the rest of this reply is dropped."""
        if self._segment is not None and not self._segment.interrupted:
            self._take_back()
            self._segment.interrupt()
            self._wake.set()

    def pause(self) -> None:
        """See AudioOutput. The caller hears silence as soon as the network has drained."""
        super().pause()
        if self._enabled.is_set():
            self._enabled.clear()
            self._take_back()

    def resume(self) -> None:
        """See AudioOutput."""
        super().resume()
        self._enabled.set()
        self._wake.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.error("the agent's voice cannot be played", exc_info=error)
            if not self._subscribed.done():
                self._subscribed.set_exception(error)

    def _take_back(self) -> None:
        """Take from the source what it has not played yet."""
        if self._segment is None:
            return
        queued = round(self._source.queued_duration * SAMPLE_RATE_HZ)
        self._source.clear_queue()
        now_s = time.monotonic()
        self.played.cut(now_s)
        if self.listener is not None:
            self.listener.cut(now_s)
        self._segment.given -= min(queued, self._segment.given)
        self._report_run(self._segment)

    def _report_run(self, segment: _Segment) -> None:
        if (duration := segment.given - segment.run_start) > 0:
            seconds = duration / SAMPLE_RATE_HZ
            self.on_playback_progressed(
                started_at=time.time() - seconds,
                offset=segment.run_start / SAMPLE_RATE_HZ,
                duration=seconds,
            )
        segment.run_start = segment.given

    async def _publish(self, room: rtc.Room) -> None:
        track = rtc.LocalAudioTrack.create_audio_track("roomio_audio", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        options.audio_encoding.max_bitrate = BITRATE_BPS
        publication = await room.local_participant.publish_track(track, options)
        await publication.wait_for_subscription()
        if not self._subscribed.done():
            self._subscribed.set_result(None)

    async def _play(self) -> None:
        while True:
            self._wake.clear()
            segment = self._segment
            if segment is None:
                await self._wake.wait()
            elif segment.is_over:
                await self._finish(segment)
            elif not self._enabled.is_set() or not (count := self._due(segment)):
                await self._more(segment)
            else:
                if segment.started_at is None:
                    segment.started_at = time.time()
                    self.on_playback_started(created_at=segment.started_at)
                await self._capture(segment.take(count))

    async def _capture(self, frame: rtc.AudioFrame) -> None:
        at_s = time.monotonic() + self._source.queued_duration
        self.played.add(frame.data.cast("B"), at_s)
        if self.listener is not None:
            self.listener.played(frame, at_s)
        await self._source.capture_frame(frame)

    def _due(self, segment: _Segment) -> int:
        """How many samples to hand over now; a short tail waits for more until it must go."""
        waiting = segment.size - segment.given
        if waiting >= _FRAME_SAMPLES or segment.complete:
            return min(waiting, _FRAME_SAMPLES)
        is_urgent = (
            segment.started_at is not None and self._source.queued_duration <= DRY_MARGIN_S
        ) or waiting >= round(DRY_MARGIN_S * SAMPLE_RATE_HZ)
        return waiting if is_urgent else 0

    async def _more(self, segment: _Segment) -> None:
        """Wait for more audio, the end, a resume, or the moment a short tail must go."""
        has_tail = (
            self._enabled.is_set()
            and segment.started_at is not None
            and segment.size > segment.given
        )
        timeout_s = max(self._source.queued_duration - DRY_MARGIN_S, 0.001) if has_tail else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout_s)

    async def _finish(self, segment: _Segment) -> None:
        """Hear a reply out, unless it is interrupted or paused meanwhile; then it is over."""
        if not segment.interrupted:
            if not self._enabled.is_set():
                await self._wake.wait()
                return
            await self._source.wait_for_playout()
            if segment.given < segment.size:  # paused before its end: what was queued came back
                return
        self._report_run(segment)
        self._segment = None
        self._idle.set()
        self.on_playback_finished(
            playback_position=segment.given / SAMPLE_RATE_HZ, interrupted=segment.interrupted
        )


class _Segment:
    """One reply's audio. `given` samples were handed to the source, or, once it was taken back,
    played.
    """

    def __init__(self) -> None:
        self.audio = bytearray()
        self.given = 0
        self.run_start = 0
        self.complete = False
        self.interrupted = False
        self.started_at: float | None = None

    @property
    def size(self) -> int:
        """Samples there are so far."""
        return len(self.audio) // _BYTES_PER_SAMPLE

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to be handed over, nor will come."""
        return self.complete and (self.interrupted or self.given >= self.size)

    def interrupt(self) -> None:
        """Drop what was not played."""
        self.interrupted = True
        del self.audio[self.given * _BYTES_PER_SAMPLE :]

    def take(self, count: int) -> rtc.AudioFrame:
        """The next samples as a frame."""
        start, self.given = self.given, self.given + count
        part = self.audio[start * _BYTES_PER_SAMPLE : self.given * _BYTES_PER_SAMPLE]
        return rtc.AudioFrame(bytes(part), SAMPLE_RATE_HZ, 1, count)
