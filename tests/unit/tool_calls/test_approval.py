"""Operators are asked over RPC, and nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from livekit import rtc

from agent.call.state import CallerIdentity, CallState
from agent.call.tool import tool
from agent.tool_calls.approval import METHOD, RoomApprover, allows
from agent.tool_calls.decisions import Decisions
from tests.fakes.room import FakeParticipant, FakeRoom

YES, NO = '{"allowed": true}', '{"allowed": false}'
OPERATOR = {"parley.role": "operator"}


@tool(changes=True, approval=True, private=frozenset({"card"}))
async def refund(call: CallState, order: str, card: str) -> str:
    """Pay an order back."""
    return ""


ARGUMENTS = {"order": "40217", "card": "4111111111111111"}


def approver(*participants: FakeParticipant) -> tuple[RoomApprover, FakeRoom]:
    """A room with a caller named anna, and others."""
    room = FakeRoom()
    for participant in participants:
        room.join(participant)
    as_room: Any = room
    return RoomApprover(as_room, CallerIdentity("anna")), room


async def test_an_operator_is_asked_without_private_values() -> None:
    """They see what is to be done, and nothing that the tool declares private."""
    asks, room = approver(FakeParticipant("olga", OPERATOR, YES))
    assert await asks.ask(refund, ARGUMENTS, limit_s=1) is True
    (call,) = room.calls
    assert (call["to"], call["method"]) == ("olga", METHOD)
    shown = json.loads(call["payload"])
    assert shown["arguments"] == {"order": "40217", "card": "(hidden)"}


async def test_nobody_else_is_asked() -> None:
    """Neither somebody without the attribute nor the caller can allow anything."""
    asks, room = approver(
        FakeParticipant("anna", OPERATOR, YES),
        FakeParticipant("eve", {"parley.role": "caller"}, YES),
        FakeParticipant("olga-operator", {}, YES),
    )
    assert await asks.ask(refund, ARGUMENTS, limit_s=1) is None
    assert room.calls == []


@pytest.mark.parametrize("silent", [None, ""])
async def test_the_first_answer_counts(silent: str | None) -> None:
    """Of several operators, those who do not answer keep nobody waiting."""
    asks, _ = approver(
        FakeParticipant("olga", OPERATOR, silent), FakeParticipant("otto", OPERATOR, NO)
    )
    assert await asks.ask(refund, ARGUMENTS, limit_s=1) is False


async def test_no_answer_in_time_is_none() -> None:
    """An operator who looks elsewhere has allowed nothing."""
    asks, _ = approver(FakeParticipant("olga", OPERATOR, ""))
    assert await asks.ask(refund, ARGUMENTS, limit_s=0.05) is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "yes",
        "true",
        "1",
        NO,
        '{"allowed": 1}',
        '{"allowed": "true"}',
        '{"allowed": true, "x": 1}',
    ],
)
def test_only_one_answer_allows(answer: str) -> None:
    """Whatever is not exactly the agreed answer refuses."""
    assert allows(YES)
    assert not allows(answer)


async def test_an_operator_may_answer_by_themselves() -> None:
    """Whose client knows of the question by the call's events, and not by being asked."""
    told: list[Any] = []
    is_asked = asyncio.Event()

    def tell(event: Any) -> None:
        told.append(event)
        is_asked.set()

    room, decisions = FakeRoom(), Decisions(tell)
    room.join(FakeParticipant("olga", OPERATOR, None))
    as_room: Any = room
    asks = RoomApprover(as_room, CallerIdentity("anna"), decisions)
    asking = asyncio.create_task(asks.ask(refund, ARGUMENTS, limit_s=5))
    await is_asked.wait()
    (asked,) = told
    assert dict(asked.shown) == {"order": "40217", "card": "(hidden)"}
    assert not decisions.decide("approval-2", True, by="olga")
    assert decisions.decide(asked.id, True, by="olga")
    assert not decisions.decide(asked.id, False, by="otto")
    assert await asking is True
    assert (told[1].approved, told[1].by) == (True, "olga")
    assert not decisions.decide(asked.id, True, by="olga")


async def test_operators_who_have_left_keep_nobody_waiting() -> None:
    """Only one whose client cannot be asked may still answer."""

    class Left(FakeRoom):
        async def perform_rpc(self, **_: Any) -> str:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.RECIPIENT_DISCONNECTED, "left")

    room: Any = Left()
    room.join(FakeParticipant("olga", OPERATOR, None))
    asks = RoomApprover(room, CallerIdentity("anna"))
    async with asyncio.timeout(1):
        assert await asks.ask(refund, ARGUMENTS, limit_s=30) is None
