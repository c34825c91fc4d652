"""Webhooks to a real server on this machine."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.publishing.dead_letters import DeadLetters, endpoint_of
from agent.publishing.events import TurnStarted
from agent.publishing.replay import replay
from agent.publishing.sending import GivenUp, Pace, Sender
from agent.publishing.signing import Signing, new_secret
from agent.publishing.webhooks import Webhooks
from agent.services.tool_file.egress import AllowList, Transport
from tests.fakes.receiver import SECRET, Receiver, receiving

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUICK = Pace(try_s=2.0, give_up_s=0.6, first_wait_s=0.02, most_wait_s=0.1, jitter_s=0.02)


def event(number: int, **changes: Any) -> TurnStarted:
    return TurnStarted(at=NOON, call_id="AJ_1", turn=number, speaker="agent", **changes)


class House:
    """An operator with a receiver, whose worker sends to it."""

    def __init__(self, receiver: Receiver, folder: Path, closing: AsyncExitStack) -> None:
        self.receiver = receiver
        self.dead = DeadLetters(folder / "webhooks" / "dead.jsonl")
        self.file = folder / "webhooks" / "dead.jsonl"
        self._closing = closing
        self._certificates = ssl.create_default_context()

    async def sender(self, *allowed: str, pace: Pace = QUICK) -> Sender:
        hosts = AllowList.of(allowed or [self.receiver.host])
        client = httpx2.AsyncClient(
            transport=Transport(hosts, self._certificates), follow_redirects=False, trust_env=False
        )
        await self._closing.enter_async_context(client)
        return Sender(client, Signing([SECRET]), pace)

    async def webhooks(self, *urls: str, **options: Any) -> Webhooks:
        sender = await self.sender(*options.pop("allowed", ()))
        urls = urls or (self.receiver.url,)
        return Webhooks(urls, {"turn_started"}, sender, self.dead, **options)

    def letters(self) -> list[dict[str, Any]]:
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text().splitlines()]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with receiving() as receiver, AsyncExitStack() as closing:
        yield House(receiver, tmp_path, closing)


async def test_events_arrive_signed_and_in_order(house: House) -> None:
    """Only those that were asked for, and without a gap among them."""
    hooks = await house.webhooks()
    for number in range(5):
        hooks.tell(event(number))
        hooks.tell(event(number).model_copy(update={"type": "state_changed"}))
    await hooks.aclose()
    assert house.receiver.sequences == [1, 2, 3, 4, 5]
    for request in house.receiver.received:
        assert request.is_signed()
        assert not request.is_signed(new_secret())
        assert request.headers["webhook-id"] == f"msg_AJ_1_{request.event['sequence']}"
        assert request.headers["Content-Type"] == "application/json"
    assert house.letters() == []


async def test_what_fails_for_a_moment_is_sent_again_before_what_comes_after(house: House) -> None:
    """Under the same id, signed anew."""
    house.receiver.answers(503, 429, 408)
    hooks = await house.webhooks()
    hooks.tell(event(1))
    hooks.tell(event(2))
    await hooks.aclose()
    assert house.receiver.sequences == [1, 1, 1, 1, 2]
    ids = [request.headers["webhook-id"] for request in house.receiver.received]
    assert len(set(ids[:4])) == 1
    assert all(request.is_signed() for request in house.receiver.received)
    assert house.letters() == []


async def test_a_receiver_says_when_to_come_back(house: House) -> None:
    """Its Retry-After counts, within reason."""
    house.receiver.answers((429, {"Retry-After": "0"}))
    sender = await house.sender(pace=Pace(give_up_s=5.0, first_wait_s=4.0, most_wait_s=4.0))
    began_s = asyncio.get_running_loop().time()
    await sender.send(house.receiver.url, "m", b"{}")
    assert asyncio.get_running_loop().time() - began_s < 2.0
    assert len(house.receiver.received) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 422, 302])
async def test_what_a_receiver_refuses_is_kept_and_the_next_is_sent(
    house: House, status: int
) -> None:
    """Asking again would change nothing; nor is a redirect followed."""
    house.receiver.answers((status, {"Location": f"http://{house.receiver.host}/elsewhere"}))
    hooks = await house.webhooks()
    hooks.tell(event(1))
    hooks.tell(event(2))
    await hooks.aclose()
    assert house.receiver.sequences == [1, 2]
    (letter,) = house.letters()
    assert (letter["message_id"], letter["reason"]) == ("msg_AJ_1_1", f"status {status}")
    assert json.loads(letter["body"])["turn"] == 1
    assert house.receiver.url not in house.file.read_text()
    assert house.file.stat().st_mode & 0o777 == 0o600


async def test_a_receiver_that_is_gone_is_left_alone(house: House) -> None:
    """What it would have got is kept, in case it is a mistake."""
    house.receiver.answers(410)
    hooks = await house.webhooks()
    for number in range(3):
        hooks.tell(event(number))
    await hooks.aclose()
    assert house.receiver.sequences == [1]
    assert [letter["reason"] for letter in house.letters()] == ["status 410", "gone", "gone"]


async def test_a_server_that_is_down_costs_one_patience_and_not_one_for_each_event(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """All is kept, in order. Another server gets its events meanwhile."""
    down = "127.0.0.1:9"
    hooks = await house.webhooks(
        f"http://{down}/secret-path", house.receiver.url, allowed=(down, house.receiver.host)
    )
    for number in range(20):
        hooks.tell(event(number))
    await hooks.aclose()
    assert house.receiver.sequences == list(range(1, 21))
    kept = [letter["message_id"] for letter in house.letters()]
    assert kept == [f"msg_AJ_1_{number}" for number in range(1, 21)]
    assert "secret-path" not in caplog.text


async def test_what_is_left_when_the_time_is_over_is_kept(house: House) -> None:
    """Also the one under way, which may arrive twice and has an id for that."""
    house.receiver.hold = asyncio.Event()
    hooks = await house.webhooks(drain_s=0.1)
    for number in range(3):
        hooks.tell(event(number))
    await house.receiver.until(lambda: bool(house.receiver.received))
    await hooks.aclose()
    assert [json.loads(letter["body"])["sequence"] for letter in house.letters()] == [1, 2, 3]


async def test_telling_never_waits(house: House) -> None:
    """However slow the receiver is."""
    house.receiver.hold = asyncio.Event()
    hooks = await house.webhooks(drain_s=0.0)
    began_s = asyncio.get_running_loop().time()
    for number in range(1_000):
        hooks.tell(event(number))
    assert asyncio.get_running_loop().time() - began_s < 1.0
    await hooks.aclose()
    assert len(house.letters()) == 1_000


@pytest.mark.parametrize("allowed", ["example.com", "127.0.0.1", "localhost:1"])
async def test_nothing_is_sent_where_the_operator_does_not_allow(
    house: House, allowed: str
) -> None:
    """As with their tools: a private address needs its port in the list."""
    sender = await house.sender(allowed)
    with pytest.raises(GivenUp):
        await sender.send(house.receiver.url, "m", b"{}")
    assert house.receiver.received == []


async def test_dead_letters_are_sent_again_in_order(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is taken is forgotten; what is for a server that is not configured any more stays."""
    house.receiver.answers(400, 400, 400)
    hooks = await house.webhooks()
    for number in range(3):
        hooks.tell(event(number))
    await hooks.aclose()
    elsewhere = "https://old.example.com/hooks"
    (letter, *_) = house.letters()
    with house.file.open("a") as lines:
        lines.write(json.dumps({**letter, "endpoint": endpoint_of(elsewhere)}) + "\n")
    house.receiver.received.clear()
    house.receiver.answers(204, 422)
    sender = await house.sender()
    assert await replay(house.dead, [house.receiver.url], sender.send) == 2
    assert house.receiver.sequences == [1, 2, 3]
    assert all(request.is_signed() for request in house.receiver.received)
    assert "2 of 4 dead letters were taken. 1 are for URLs" in capsys.readouterr().out
    assert [letter["message_id"] for letter in house.letters()] == ["msg_AJ_1_2", "msg_AJ_1_1"]
