"""The agent's voice: it stops at once, and nothing of it is lost or said twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents.voice.io import PlaybackFinishedEvent

from agent.pipeline.playout import SAMPLE_RATE_HZ, RoomPlayout


class Listener:
    """Stands for a room in which somebody listens from the start."""

    async def publish_track(self, *_: object) -> Any:
        return SimpleNamespace(wait_for_subscription=self._subscribed)

    async def _subscribed(self) -> None:
        return None


class Heard:
    """A PlayoutListener that remembers when frames sound, and for how long."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, float]] = []
        self.cuts_s: list[float] = []

    def played(self, frame: rtc.AudioFrame, at_s: float) -> None:
        self.frames.append((at_s, frame.duration))

    def cut(self, at_s: float) -> None:
        self.cuts_s.append(at_s)


@pytest.fixture
async def playout() -> AsyncIterator[RoomPlayout]:
    """A playout with a listener."""
    playout = RoomPlayout()
    playout.start(cast("rtc.Room", SimpleNamespace(local_participant=Listener())))
    yield playout
    await playout.aclose()


def speech(duration_s: float) -> rtc.AudioFrame:
    return rtc.AudioFrame.create(SAMPLE_RATE_HZ, 1, round(duration_s * SAMPLE_RATE_HZ))


def is_finished(playout: RoomPlayout) -> asyncio.Future[PlaybackFinishedEvent]:
    finished: asyncio.Future[PlaybackFinishedEvent] = asyncio.get_running_loop().create_future()
    playout.once("playback_finished", finished.set_result)
    return finished


async def interrupted_after(playout: RoomPlayout, heard_s: float) -> PlaybackFinishedEvent:
    """A long reply that is taken back when so much of it was heard."""
    finished = is_finished(playout)
    started = asyncio.get_running_loop().create_future()
    playout.once("playback_started", started.set_result)
    await playout.capture_frame(speech(5.0))
    await started
    await asyncio.sleep(heard_s)
    playout.clear_buffer()
    playout.flush()
    return await finished


async def test_a_reply_is_played_to_its_end(playout: RoomPlayout) -> None:
    """It takes as long as it is, and then it is over."""
    started_s = time.monotonic()
    finished = is_finished(playout)
    await playout.capture_frame(speech(0.33))
    playout.flush()
    event = await finished
    assert event.playback_position == pytest.approx(0.33, abs=0.001)
    assert not event.interrupted
    assert time.monotonic() - started_s >= 0.3
    assert not playout.is_speaking


async def test_a_paused_reply_goes_on_where_it_was(playout: RoomPlayout) -> None:
    """What was queued but not heard when the pause came is played after it."""
    finished = is_finished(playout)
    started = asyncio.get_running_loop().create_future()
    playout.once("playback_started", started.set_result)
    await playout.capture_frame(speech(0.6))
    playout.flush()
    await started
    await asyncio.sleep(0.2)
    playout.pause()
    assert not playout.is_audible
    assert playout.is_speaking
    left_s = playout.remaining_s
    assert left_s is not None
    assert 0.3 < left_s < 0.5
    await asyncio.sleep(0.5)
    assert playout.remaining_s == left_s
    resumed_s = time.monotonic()
    playout.resume()
    event = await finished
    assert event.playback_position == pytest.approx(0.6, abs=0.001)
    assert time.monotonic() - resumed_s == pytest.approx(left_s, abs=0.1)


async def test_an_interrupted_reply_ends_at_what_was_heard(playout: RoomPlayout) -> None:
    """The position is that of the last sample played, not of the last one made."""
    event = await interrupted_after(playout, 0.3)
    assert event.interrupted
    assert event.playback_position == pytest.approx(0.3, abs=0.1)


async def test_a_listener_hears_what_the_caller_hears(playout: RoomPlayout) -> None:
    """Frame by frame at its moment, and that what was queued was taken back."""
    heard = playout.listener = Heard()
    position_s = (await interrupted_after(playout, 0.3)).playback_position
    (cut_s,) = heard.cuts_s
    first_s = heard.frames[0][0]
    assert cut_s - first_s == pytest.approx(position_s, abs=0.03)
    for (at_s, duration_s), (next_s, _) in pairwise(heard.frames):
        assert next_s == pytest.approx(at_s + duration_s, abs=0.01)


async def test_an_interruption_during_a_pause_counts_what_was_heard_before_it(
    playout: RoomPlayout,
) -> None:
    """The pause is no part of the position."""
    finished = is_finished(playout)
    started = asyncio.get_running_loop().create_future()
    playout.once("playback_started", started.set_result)
    await playout.capture_frame(speech(5.0))
    playout.flush()
    await started
    await asyncio.sleep(0.2)
    playout.pause()
    await asyncio.sleep(0.3)
    playout.clear_buffer()
    event = await finished
    assert event.interrupted
    assert event.playback_position == pytest.approx(0.2, abs=0.1)


async def test_a_reply_made_slowly_has_all_its_audio(playout: RoomPlayout) -> None:
    """Pieces shorter than a frame, with gaps between them, are all played."""
    finished = is_finished(playout)
    for _ in range(12):
        await playout.capture_frame(speech(0.013))
        await asyncio.sleep(0.03)
    playout.flush()
    assert (await finished).playback_position == pytest.approx(12 * 0.013, abs=0.001)


async def test_the_next_reply_waits_for_the_end_of_the_one_before(playout: RoomPlayout) -> None:
    """One reply plays at a time."""
    positions: list[float] = []
    playout.on("playback_finished", lambda event: positions.append(event.playback_position))
    await playout.capture_frame(speech(0.3))
    playout.flush()
    await playout.capture_frame(speech(0.1))
    assert positions == [pytest.approx(0.3, abs=0.001)]
    finished = is_finished(playout)
    playout.flush()
    assert (await finished).playback_position == pytest.approx(0.1, abs=0.001)


async def test_a_pause_before_the_first_sample_keeps_the_reply_silent(
    playout: RoomPlayout,
) -> None:
    """A caller who is speaking when a reply comes is not talked over."""
    playout.pause()
    await playout.capture_frame(speech(0.2))
    playout.flush()
    await asyncio.sleep(0.2)
    assert not playout.is_speaking
    finished = is_finished(playout)
    playout.resume()
    assert (await finished).playback_position == pytest.approx(0.2, abs=0.001)


async def test_a_track_that_cannot_be_published_is_told() -> None:
    """Who wants to speak is not left waiting for a listener that will never be."""

    class NoRoom:
        async def publish_track(self, *_: object) -> Any:
            raise ConnectionError("the room is gone")

    playout = RoomPlayout()
    playout.start(cast("rtc.Room", SimpleNamespace(local_participant=NoRoom())))
    with pytest.raises(ConnectionError):
        await playout.capture_frame(speech(0.1))
    await playout.aclose()
