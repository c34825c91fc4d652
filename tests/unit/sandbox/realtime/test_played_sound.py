"""Sound on its way to a listener: frame by frame, and cut where the listener interrupts."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np

from agent.sandbox.realtime.audio import PCM
from agent.sandbox.realtime.webrtc.played_sound import FRAME_SAMPLES, PlayedSound

SECOND = np.full(PCM.rate_hz, 1_000, np.int16)


async def events(sound: PlayedSound) -> list[tuple[str, str]]:
    """What was told since the last time, by type and response."""
    told: list[dict[str, Any]] = []

    async def send(frame: str) -> None:
        told.append(json.loads(frame))

    sending = asyncio.create_task(sound.drain(send))
    await sound.emptied()
    sending.cancel()
    return [(e["type"].removeprefix("output_audio_buffer."), e["response_id"]) for e in told]


def queue(sound: PlayedSound, response: str, item: str, samples: Any = SECOND) -> None:
    """Have something played."""
    sound.sound(PCM.encode(samples), PCM, response_id=response, item_id=item)


async def test_the_beginning_and_the_end_are_told() -> None:
    """The end only when the response is over and all of it was played."""
    sound = PlayedSound()
    queue(sound, "r1", "i1")
    assert await events(sound) == []
    frames = [sound.next_frame() for _ in range(51)]
    assert all(frame.shape == (FRAME_SAMPLES,) for frame in frames)
    assert await events(sound) == [("started", "r1")]
    sound.no_more_sound("r1")
    sound.next_frame()
    assert await events(sound) == [("stopped", "r1")]
    sound.next_frame()
    assert await events(sound) == []


async def test_what_was_heard_of_each_item_is_told_when_it_is_cut() -> None:
    """The one that plays as far as it came, the one behind it not at all."""
    heard: list[tuple[str, int]] = []
    sound = PlayedSound()
    sound.heard = lambda item, ms: heard.append((item, ms))
    queue(sound, "r1", "i1")
    queue(sound, "r1", "i2")
    for _ in range(10):
        sound.next_frame()
    sound.cut_sound()
    assert heard == [("i1", 200), ("i2", 0)]
    assert await events(sound) == [("started", "r1"), ("cleared", "r1")]
    assert not sound.next_frame().any()


def test_an_item_that_was_played_to_its_end_is_not_cut() -> None:
    """An interruption after the last sound changes nothing of it."""
    heard: list[tuple[str, int]] = []
    sound = PlayedSound()
    sound.heard = lambda item, ms: heard.append((item, ms))
    queue(sound, "r1", "i1")
    for _ in range(50):
        sound.next_frame()
    sound.cut_sound()
    assert heard == []


async def test_nothing_is_told_of_a_cut_in_silence() -> None:
    """There is nothing to clear."""
    sound = PlayedSound()
    sound.cut_sound()
    assert await events(sound) == []


async def test_a_response_after_another_begins_with_a_frame_of_its_own() -> None:
    """So that each beginning is told at its place."""
    sound = PlayedSound()
    queue(sound, "r1", "i1", SECOND[:100])
    queue(sound, "r2", "i2", SECOND[:100])
    sound.next_frame()
    sound.next_frame()
    assert await events(sound) == [("started", "r1"), ("stopped", "r1"), ("started", "r2")]
