"""The agent's voice as the caller hears it: replies and recordings, one at a time, and measured."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from agent.supervision.clips import Clip

AUDIBLE_PEAK = 150
"""Least peak of a frame of int16 samples that is a sound (-47 dBFS); digital silence and the
residue of a codec stay below, the quietest syllables are far above.
"""
PLAY_MARGIN_S = 1.5
"""A recording may take this much longer than it lasts before it counts as not heard."""


class Voice(io.AudioOutput):
    """Sits between a session and its sink, below the framework's caption synchroniser, which must
    not take a recording's audio for that of a reply's text. A frame counts as sound from its level,
    not from the session's state, and for as long as it takes to play.
    """

    def __init__(
        self, sink: io.AudioOutput, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(
            label="Voice",
            next_in_chain=sink,
            sample_rate=sink.sample_rate,
            capabilities=io.AudioOutputCapabilities(pause=True),
        )
        self._sink = self.next_in_chain or sink
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._in_clip = False
        self._insists = False
        self._queue_ends_s = -math.inf
        self._reply_ends_s = -math.inf
        self._paused_at_s: float | None = None
        self._paused = False
        self._held = False

    @property
    def in_reply(self) -> bool:
        """Whether a reply was begun and is not over: it sounds, is paused or has dried up."""
        return self._pending_playback_count > 0

    def reply_heard_until_s(self) -> float:
        """The last moment so far at which a reply sounded, on the clock; -inf before the first."""
        if self._paused_at_s is not None:
            return min(self._paused_at_s, self._reply_ends_s)
        return min(self._clock(), self._reply_ends_s)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """See AudioOutput; waits while a recording plays."""
        async with self._one_at_a_time:
            await super().capture_frame(frame)
            await self._sink.capture_frame(frame)
        now_s = self._clock() if self._paused_at_s is None else self._paused_at_s
        self._queue_ends_s = max(self._queue_ends_s, now_s) + frame.duration
        if np.abs(np.frombuffer(frame.data, np.int16)).max(initial=0) >= AUDIBLE_PEAK:
            self._reply_ends_s = self._queue_ends_s

    def flush(self) -> None:
        """See AudioOutput."""
        super().flush()
        self._sink.flush()

    def clear_buffer(self) -> None:
        """See AudioOutput. What was not played yet was not heard; a recording stops too, unless it
        insists.
        """
        if self._insists:
            return
        self._reply_ends_s = self.reply_heard_until_s()
        self._queue_ends_s = self._clock()
        self._paused_at_s = self._clock() if self._held else None
        self._sink.clear_buffer()

    def pause(self) -> None:
        """See AudioOutput."""
        if self._insists:
            return
        self._paused = True
        self._stop()

    def resume(self) -> None:
        """See AudioOutput; without effect while the voice is held."""
        self._paused = False
        self._go_on()

    def hold(self) -> None:
        """Play nothing until `release`, whatever the session does: nobody listens."""
        self._held = True
        self._stop()

    def release(self) -> None:
        """Go on at the sample where `hold` came."""
        self._held = False
        self._go_on()

    def _stop(self) -> None:
        super().pause()
        if self._paused_at_s is None:
            self._paused_at_s = self._clock()

    def _go_on(self) -> None:
        if self._paused or self._held:
            return
        super().resume()
        if self._paused_at_s is not None:
            rest_s = self._clock() - self._paused_at_s
            if self._reply_ends_s > self._paused_at_s:
                self._reply_ends_s += rest_s
            self._queue_ends_s += rest_s
            self._paused_at_s = None

    async def play(self, clip: Clip, *, insist: bool = False) -> bool:
        """Play a recording to its end. False when it was not, or not wholly, heard: a reply was
        first, the caller interrupted it, or the room took no audio in time. One that insists is not
        interrupted: what sounds meanwhile is no answer to it.
        """
        limit_s = clip.duration_s + PLAY_MARGIN_S
        try:
            async with asyncio.timeout(limit_s) as limit, self._one_at_a_time:
                if self.in_reply:
                    return False
                limit.reschedule(asyncio.get_running_loop().time() + limit_s)
                self._insists = insist
                return await self._play(clip)
        except TimeoutError:
            return False
        finally:
            self._insists = False

    def hush(self) -> None:
        """Stop the recording that plays, if one does."""
        if self._in_clip and not self._insists:
            self._sink.clear_buffer()

    async def _play(self, clip: Clip) -> bool:
        self._in_clip = True
        try:
            try:
                for frame in clip.frames():
                    await self._sink.capture_frame(frame)
            finally:
                self._sink.flush()
            return not (await self._sink.wait_for_playout()).interrupted
        except asyncio.CancelledError:
            self._sink.clear_buffer()
            raise
        finally:
            self._in_clip = False

    # What the sink says of a recording is nothing that a reply may take for its own.

    def on_playback_started(self, *, created_at: float) -> None:
        """See AudioOutput."""
        if not self._in_clip:
            super().on_playback_started(created_at=created_at)

    def on_playback_progressed(self, *, started_at: float, offset: float, duration: float) -> None:
        """See AudioOutput."""
        if not self._in_clip:
            super().on_playback_progressed(started_at=started_at, offset=offset, duration=duration)

    def on_playback_finished(
        self,
        *,
        playback_position: float,
        interrupted: bool,
        synchronized_transcript: str | None = None,
    ) -> None:
        """See AudioOutput."""
        if not self._in_clip:
            super().on_playback_finished(
                playback_position=playback_position,
                interrupted=interrupted,
                synchronized_transcript=synchronized_transcript,
            )
