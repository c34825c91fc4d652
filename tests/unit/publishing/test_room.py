"""Events to the participants of a room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from livekit import rtc

from agent.call.state import CallerIdentity
from agent.publishing.events import CallEnded, CallStarted, CostChanged, TurnStarted
from agent.publishing.room import MOST_WAITING, RoomFeed
from tests.fakes.data_room import DataRoom, FakeGuest, operator

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def started(*, resumed: bool = False) -> CallStarted:
    return CallStarted(
        at=NOON,
        call_id="c",
        started_at=NOON,
        resumed=resumed,
        agent_state="listening",
        caller_state="listening",
        persona="frontdesk",
        pipeline="cascade",
        language="en",
        muted=False,
        spent_usd="0.100000",
    )


def turn(number: int) -> TurnStarted:
    return TurnStarted(at=NOON, call_id="c", turn=number, speaker="agent")


COST = CostChanged(
    at=NOON, call_id="c", spent_usd="0.200000", rate_usd_per_minute="0.100000", unpriced=[]
)


class Stage:
    """A room with a caller named anna, and its feed."""

    def __init__(self, *, tells_cost: bool = False) -> None:
        self.room = DataRoom()
        self.room.join(FakeGuest("anna"))
        self.is_on = False
        as_room: Any = self.room
        self.feed = RoomFeed(
            as_room,
            CallerIdentity("anna"),
            lambda: started(resumed=True) if self.is_on else None,
            tells_cost=tells_cost,
        )

    def begin(self) -> None:
        self.is_on = True
        self.feed.tell(started())

    def got(self, identity: str) -> list[tuple[int, str]]:
        return [(it["sequence"], it["type"]) for it in self.room.got.get(identity, [])]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.feed.aclose()


async def test_the_caller_is_told_in_order_and_without_a_gap(stage: Stage) -> None:
    """From the moment at which the call begins."""
    stage.feed.tell(turn(0))
    stage.begin()
    for number in range(1, 4):
        stage.feed.tell(turn(number))
    await stage.feed.flush()
    begun = [(2, "turn_started"), (3, "turn_started"), (4, "turn_started")]
    assert stage.got("anna") == [(1, "call_started"), *begun]


async def test_nobody_else_is_told_but_operators(stage: Stage) -> None:
    """Neither a stranger, nor another agent, nor a telephone that cannot read."""
    agent, sip = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT, rtc.ParticipantKind
    for guest in (
        FakeGuest("eve"),
        FakeGuest("eve-2", {"parley.role": "Operator"}),
        FakeGuest("bot", dict(operator("").attributes), agent),
        FakeGuest("sip_1", dict(operator("").attributes), sip.PARTICIPANT_KIND_SIP),
        operator("olga"),
    ):
        stage.room.join(guest)
    stage.begin()
    await stage.feed.flush()
    assert set(stage.room.got) == {"anna", "olga"}


async def test_who_comes_later_or_comes_back_begins_with_how_the_call_stands(stage: Stage) -> None:
    """In a sequence of their own, so that a gap is always a loss."""
    stage.begin()
    stage.feed.tell(turn(1))
    stage.room.join(operator("olga"))
    stage.feed.tell(turn(2))
    await stage.feed.flush()
    stage.room.leave("anna")
    stage.feed.tell(turn(3))
    stage.room.join(FakeGuest("anna"))
    stage.feed.tell(turn(4))
    await stage.feed.flush()
    assert stage.got("olga")[:2] == [(1, "call_started"), (2, "turn_started")]
    assert stage.got("anna")[3:] == [(1, "call_started"), (2, "turn_started")]
    resumed = [it["resumed"] for it in stage.room.got["anna"] if it["type"] == "call_started"]
    assert resumed == [False, True]


async def test_what_a_call_costs_is_told_to_callers_only_where_they_may() -> None:
    """To operators always; a sequence has no gap for it."""
    for tells_cost in (True, False):
        stage = Stage(tells_cost=tells_cost)
        stage.room.join(operator("olga"))
        stage.begin()
        stage.feed.tell(COST)
        ended = CallEnded(at=NOON, call_id="c", reason="r", duration_s=1, spent_usd="0.200000")
        stage.feed.tell(ended)
        await stage.feed.flush()
        spent = [it.get("spent_usd") for it in stage.room.got["anna"]]
        assert spent == (["0.100000", "0.200000", "0.200000"] if tells_cost else [None, None])
        assert [it["sequence"] for it in stage.room.got["anna"]] == list(range(1, len(spent) + 1))
        assert [it.get("spent_usd") for it in stage.room.got["olga"]][1] == "0.200000"
        await stage.feed.aclose()


async def test_a_slow_channel_drops_events_and_tells_it_by_a_gap(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it meanwhile."""
    may_send = asyncio.Event()

    async def wait() -> None:
        await may_send.wait()

    stage.room.before_sending = wait
    stage.begin()
    for number in range(MOST_WAITING + 20):
        stage.feed.tell(turn(number))
    may_send.set()
    while len(stage.got("anna")) < MOST_WAITING:
        await stage.feed.flush()
    stage.feed.tell(turn(0))
    await stage.feed.flush()
    sequences = [sequence for sequence, _ in stage.got("anna")]
    assert sequences[:MOST_WAITING] == list(range(1, MOST_WAITING + 1))
    assert sequences[-1] == MOST_WAITING + 22
    assert caplog.text.count("misses events") == 1


async def test_a_channel_that_is_gone_harms_nobody(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """What it loses shows as a gap once it is there again."""

    async def fail() -> None:
        raise rtc.participant.PublishDataError("closed")

    stage.begin()
    await stage.feed.flush()
    stage.room.before_sending = fail
    stage.feed.tell(turn(1))
    await stage.feed.flush()
    stage.room.before_sending = None
    stage.feed.tell(turn(2))
    await stage.feed.flush()
    assert stage.got("anna") == [(1, "call_started"), (3, "turn_started")]
    assert "misses events" in caplog.text
