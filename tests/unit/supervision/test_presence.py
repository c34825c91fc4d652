"""Callers who go, come back, or do not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

from livekit import rtc

from agent.supervision.presence import OnPresence, Presence

LEFT = rtc.DisconnectReason.CLIENT_INITIATED
BROKEN = rtc.DisconnectReason.CONNECTION_TIMEOUT
LOST = rtc.ConnectionQuality.QUALITY_LOST
GOOD = rtc.ConnectionQuality.QUALITY_GOOD


@dataclass
class Somebody:
    """A participant."""

    identity: str = "caller"
    disconnect_reason: int | None = None


@dataclass
class Scene:
    """A room that tells of comings and goings, and what was made of them."""

    grace_s: float = 60.0
    settle_s: float = 60.0
    room: rtc.EventEmitter[str] = field(default_factory=rtc.EventEmitter)
    told: list[str] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    back: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        on = OnPresence(
            away=lambda: self.told.append("away"),
            back=self._back,
            gone=self._gone,
        )
        self.presence = Presence("caller", grace_s=self.grace_s, on=on, settle_s=self.settle_s)
        self.presence.watch(cast("rtc.Room", self.room))

    def _gone(self, reason: str) -> None:
        self.told.append(reason)
        self.gone.set()

    def _back(self) -> None:
        self.told.append("back")
        self.back.set()

    def leaves(self, reason: int, identity: str = "caller") -> None:
        self.room.emit("participant_disconnected", Somebody(identity, reason))

    def joins(self) -> None:
        self.room.emit("participant_connected", Somebody())

    def is_heard(self) -> None:
        self.room.emit("track_subscribed", None, None, Somebody())


async def test_who_comes_back_is_back_when_their_microphone_is() -> None:
    """Joining alone is too early: what is said before the sound stands is lost."""
    scene = Scene()
    scene.leaves(LEFT)
    scene.joins()
    assert scene.told == ["away"]
    scene.is_heard()
    assert scene.told == ["away", "back"]


async def test_who_comes_back_without_a_microphone_is_back_too() -> None:
    """A while after having joined, and no grace ends the call any more."""
    scene = Scene(grace_s=0.01, settle_s=0.02)
    scene.leaves(BROKEN)
    scene.joins()
    await asyncio.wait_for(scene.back.wait(), 5)
    assert scene.told == ["away", "back"]


async def test_who_does_not_come_back_is_gone() -> None:
    """When the grace is over."""
    scene = Scene(grace_s=0.01)
    scene.leaves(BROKEN)
    await asyncio.wait_for(scene.gone.wait(), 5)
    assert scene.told == ["away", "caller's connection broke"]


async def test_who_goes_again_has_another_grace() -> None:
    """A second reload before the first was through."""
    scene = Scene()
    scene.leaves(LEFT)
    scene.joins()
    scene.leaves(LEFT)
    scene.joins()
    scene.is_heard()
    assert scene.told == ["away", "away", "back"]


async def test_who_was_put_out_is_gone_at_once() -> None:
    """A room that was closed has no way back."""
    scene = Scene()
    scene.leaves(rtc.DisconnectReason.ROOM_DELETED)
    assert scene.told == ["caller is gone"]


async def test_packets_that_stop_are_an_absence_and_come_back() -> None:
    """Long before the server takes the caller for gone; words that are heard end it as well."""
    scene = Scene()
    scene.room.emit("connection_quality_changed", Somebody(), LOST)
    scene.room.emit("connection_quality_changed", Somebody(), LOST)
    scene.room.emit("connection_quality_changed", Somebody(), GOOD)
    assert scene.told == ["away", "back"]
    scene.room.emit("connection_quality_changed", Somebody(), LOST)
    scene.presence.heard()
    scene.presence.heard()
    assert scene.told == ["away", "back", "away", "back"]


async def test_others_come_and_go_as_they_like() -> None:
    """Only the caller is followed."""
    scene = Scene(grace_s=0.0)
    scene.leaves(LEFT, identity="somebody else")
    scene.room.emit("connection_quality_changed", Somebody("somebody else"), LOST)
    assert scene.told == []
