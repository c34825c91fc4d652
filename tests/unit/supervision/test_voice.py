"""Replies and recordings through one voice."""

from __future__ import annotations

import asyncio
import math

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from agent.supervision.clips import Clip, ClipName
from agent.supervision.voice import Voice

RATE_HZ = 24_000


def frame(duration_s: float, *, loud: bool = True) -> rtc.AudioFrame:
    samples = np.full(round(RATE_HZ * duration_s), 5000 if loud else 0, np.int16)
    return rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, samples.size)


CLIP = Clip(ClipName.MOMENT, "One moment.", RATE_HZ, np.full(2400, 900, np.int16).tobytes())


class Sink(io.AudioOutput):
    """Takes audio, and has played it when the test says so."""

    def __init__(self) -> None:
        super().__init__(
            label="Sink",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=RATE_HZ,
        )
        self.taken_s = 0.0
        self.flushed = asyncio.Event()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self.taken_s:
            self.on_playback_started(created_at=0.0)
        self.taken_s += frame.duration

    def flush(self) -> None:
        super().flush()
        self.flushed.set()

    def clear_buffer(self) -> None:
        self.end(interrupted=True)

    def end(self, *, interrupted: bool = False) -> None:
        """What was taken has been played, or was dropped."""
        position_s, self.taken_s = self.taken_s, 0.0
        self.flushed.clear()
        self.on_playback_finished(playback_position=position_s, interrupted=interrupted)


class Listener:
    """Notes what a voice reports to the session."""

    def __init__(self, voice: Voice) -> None:
        self.events: list[str] = []
        voice.on("playback_started", lambda _: self.events.append("started"))
        voice.on("playback_finished", lambda _: self.events.append("finished"))


async def test_a_recording_is_nothing_that_a_reply_hears_of() -> None:
    """The session learns of its replies alone."""
    sink = Sink()
    voice = Voice(sink)
    listener = Listener(voice)
    playing = asyncio.create_task(voice.play(CLIP))
    await sink.flushed.wait()
    sink.end()
    assert await playing
    assert listener.events == []
    await voice.capture_frame(frame(0.1))
    voice.flush()
    sink.end()
    await voice.wait_for_playout()
    assert listener.events == ["started", "finished"]


async def test_a_reply_waits_for_the_end_of_a_recording() -> None:
    """Two things never sound at once."""
    sink = Sink()
    voice = Voice(sink)
    playing = asyncio.create_task(voice.play(CLIP))
    await sink.flushed.wait()
    reply = asyncio.create_task(voice.capture_frame(frame(0.1)))
    await asyncio.sleep(0)
    assert not reply.done()
    assert not voice.in_reply
    sink.end()
    assert await playing
    await reply
    assert voice.in_reply


async def test_a_recording_gives_way_to_a_reply_that_has_begun() -> None:
    """Who is being answered needs no patience."""
    voice = Voice(Sink())
    await voice.capture_frame(frame(0.1))
    assert not await voice.play(CLIP)


async def test_a_recording_falls_silent_for_the_caller() -> None:
    """Hushed, it ends at once, and says that it was not heard to its end."""
    sink = Sink()
    voice = Voice(sink)
    playing = asyncio.create_task(voice.play(CLIP))
    await sink.flushed.wait()
    voice.hush()
    assert not await playing
    voice.hush()  # harmless when nothing plays


async def test_a_recording_that_insists_is_heard_to_its_end() -> None:
    """Music goes on over the question whether somebody is there, and is no answer to it."""
    sink = Sink()
    voice = Voice(sink)
    playing = asyncio.create_task(voice.play(CLIP, insist=True))
    await sink.flushed.wait()
    voice.hush()
    voice.pause()
    voice.clear_buffer()
    assert not playing.done()
    sink.end()
    assert await playing


async def test_a_second_pause_changes_nothing() -> None:
    """The framework pauses what is paused already; the reply was heard until the first."""
    now_s = 10.0
    voice = Voice(Sink(), clock=lambda: now_s)
    await voice.capture_frame(frame(4.0))
    now_s = 11.0
    voice.pause()
    now_s = 12.0
    voice.pause()
    assert voice.reply_heard_until_s() == 11.0


async def test_what_sounds_is_measured_from_its_level() -> None:
    """A frame sounds for as long as it plays; silence that is played does not sound."""
    now_s = 10.0
    voice = Voice(Sink(), clock=lambda: now_s)
    assert voice.reply_heard_until_s() == -math.inf
    await voice.capture_frame(frame(2.0))
    await voice.capture_frame(frame(1.0, loud=False))
    now_s = 11.0
    assert voice.reply_heard_until_s() == 11.0
    now_s = 14.0
    assert voice.reply_heard_until_s() == 12.0


async def test_a_pause_is_no_sound_and_what_was_cleared_was_not_heard() -> None:
    """The clock of a reply stands still while it is paused, and stops when it is dropped."""
    now_s = 10.0
    sink = Sink()
    voice = Voice(sink, clock=lambda: now_s)
    await voice.capture_frame(frame(2.0))
    now_s = 11.0
    voice.pause()
    now_s = 15.0
    assert voice.reply_heard_until_s() == 11.0
    voice.resume()
    now_s = 15.5
    assert voice.reply_heard_until_s() == 15.5
    voice.flush()
    voice.clear_buffer()
    now_s = 20.0
    assert voice.reply_heard_until_s() == 15.5


async def test_a_held_voice_stays_held_whatever_the_session_does() -> None:
    """Nobody listens: neither the session's own resume nor a new reply lets it play."""
    sink = PausableSink()
    voice = Voice(sink)
    voice.hold()
    voice.pause()
    voice.resume()
    assert sink.paused
    voice.clear_buffer()
    voice.resume()
    assert sink.paused
    voice.release()
    assert not sink.paused


async def test_a_pause_outlasts_a_hold() -> None:
    """Who was interrupted before the caller left waits for the session afterwards."""
    sink = PausableSink()
    voice = Voice(sink)
    voice.pause()
    voice.hold()
    voice.release()
    assert sink.paused
    voice.resume()
    assert not sink.paused


async def test_a_hold_is_no_time_in_which_a_reply_sounds() -> None:
    """What comes while it lasts sounds after it, for as long as it is, and no longer."""
    now_s = 0.0
    voice = Voice(Sink(), clock=lambda: now_s)
    await voice.capture_frame(frame(1.0))
    now_s = 0.5
    voice.hold()
    now_s = 20.0
    await voice.capture_frame(frame(1.0))
    assert voice.reply_heard_until_s() == 0.5
    now_s = 30.0
    voice.release()
    now_s = 99.0
    assert voice.reply_heard_until_s() == 31.5


class PausableSink(Sink):
    """Knows whether it is paused."""

    paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
