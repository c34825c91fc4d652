"""The one account of a call, as its followers get it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from agent.call.cost import Cost
from agent.call.record import (
    Charged,
    Closed,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    TurnHeard,
)
from agent.publishing.account import Account
from agent.publishing.wording import Wording
from tests.fakes.conversation import conversation
from tests.fakes.follower import FakeFollower

CHARGED = Charged("m", Decimal(1), Decimal(1), "v")


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    account = Account("AJ_1")
    yield account
    await account.aclose()


def begin(account: Account) -> None:
    """The call has begun."""
    account.note(PipelineInForce("cascade", "en"))
    account.note(PersonaInForce("frontdesk"))
    account.note(ParticipantJoined("anna"))


async def test_followers_are_told_in_order_whatever_takes_how_long() -> None:
    """Words are prepared in a thread of their own; what comes after them waits for them."""
    slow = threading.Event()

    def redact(value: Any) -> Any:
        slow.wait(5.0)
        return value

    follower = FakeFollower()
    account = Account("AJ_1", Wording(redact))
    account.follow(follower)
    begin(account)
    account.note(TurnHeard("i", "hello"))
    account.language_changed("de")
    await follower.until(lambda: follower.kinds == ["call_started"])
    slow.set()
    await account.flush()
    assert follower.kinds == [
        *("call_started", "turn_started", "transcript_final", "turn_ended", "state_changed"),
    ]
    moments = [event.at for event in follower.told]
    assert moments == sorted(moments)
    await account.aclose()
    assert follower.closed


async def test_a_follower_s_fault_is_not_felt_by_others(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does it end the account."""

    class Broken(FakeFollower):
        async def flush(self) -> None:
            raise OSError("gone")

    broken, follower = Broken(), FakeFollower()
    account.follow(broken, follower)
    begin(account)
    await account.flush()
    assert follower.kinds == ["call_started"]
    assert "a follower of a call failed" in caplog.text


async def test_what_cannot_be_told_is_left_out(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes after it is told."""
    follower = FakeFollower()
    account.follow(follower)
    begin(account)
    account.note(PipelineInForce("telepathy", "en", replaced=True))
    account.ends("done")
    await account.flush()
    assert follower.kinds == ["call_started", "call_ended"]
    assert "could not be told" in caplog.text


async def test_the_bill_is_told_at_most_every_two_seconds(account: Account) -> None:
    """At once for the first charge, and the sum of many is one event."""

    class Bill:
        cost = Cost(Decimal(1))
        usd_per_min = Decimal(2)

    follower = FakeFollower()
    account.follow(follower)
    account.take_bill(Bill())
    begin(account)
    account.note(CHARGED)
    await follower.until(lambda: "cost_changed" in follower.kinds)
    for _ in range(50):
        account.note(CHARGED)
    await account.flush()
    assert follower.kinds.count("cost_changed") == 1


async def test_how_a_call_stands_is_known_while_it_is_on(account: Account) -> None:
    """Neither before nor after."""
    assert account.standing() is None
    begin(account)
    await account.flush()
    standing = account.standing()
    assert standing is not None
    assert (standing.resumed, standing.persona) == (True, "frontdesk")
    account.note(Closed("caller left"))
    await account.flush()
    assert account.standing() is None


async def test_a_session_s_states_are_told(account: Account) -> None:
    """As a real conversation has them."""
    follower = FakeFollower()
    account.follow(follower)
    begin(account)
    async with conversation() as talk:
        account.watch(talk.session)
        await talk.say("Hello?", "Hello.")
        await account.flush()
    states = [event.agent_state for event in follower.told if event.type == "state_changed"]
    assert "thinking" in states
