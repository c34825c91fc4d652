"""The operator's own functions, good and bad."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from livekit import rtc

from agent.publishing.events import TurnStarted
from agent.publishing.listeners import Listeners, RawEvent, Registered, find_listeners
from tests.fakes import listening

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE = "tests.fakes.listening"


def event(number: int) -> TurnStarted:
    return TurnStarted(at=NOON, call_id="c", turn=number, speaker="agent")


def listeners(*names: str, limit_s: float = 5.0) -> Listeners:
    registered = find_listeners(f"{HERE}:{name}" for name in names)
    return Listeners("c", registered, telling_limit_s=limit_s)


@pytest.fixture(autouse=True)
def heard() -> Iterator[list[Any]]:
    """What the listeners of the call were told."""
    listening.HEARD["c"] = []
    yield listening.HEARD["c"]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5.0):
        while not holds():  # noqa: ASYNC110 - it happens in threads
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", ["on_event", "on_event_later"])
async def test_functions_and_coroutine_functions_are_told_in_order(
    name: str, heard: list[Any]
) -> None:
    """What waits at the end of the call is told still."""
    follower = listeners(name)
    for number in range(50):
        follower.tell(event(number))
    await follower.aclose()
    assert [(told.sequence, told.turn) for told in heard] == [(n + 1, n) for n in range(50)]


@pytest.mark.parametrize("name", ["fails", "leaves"])
async def test_one_that_raises_is_told_nothing_more_after_a_while(
    name: str, heard: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Others are told all, and the log quotes nothing."""
    follower = listeners(name, "on_event")
    for number in range(20):
        follower.tell(event(number))
    await follower.aclose()
    assert len(heard) == 20
    assert caplog.text.count("a listener failed") == 5
    assert "told nothing more" in caplog.text
    assert "words of a caller" not in caplog.text


async def test_one_that_blocks_holds_up_itself(heard: list[Any]) -> None:
    """The loop of the call runs on, and other listeners are told at once."""
    follower = listeners("blocks", "on_event", limit_s=0.1)
    began_s = time.monotonic()
    for number in range(3):
        follower.tell(event(number))
    await until(lambda: len(heard) == 3)
    assert time.monotonic() - began_s < 0.25
    await follower.aclose()


async def test_one_that_hangs_is_cut_off(heard: list[Any]) -> None:
    """And told the next."""
    follower = listeners("hangs", limit_s=0.05)
    follower.tell(event(1))
    follower.tell(event(2))
    await until(lambda: len(heard) == 2)
    await follower.aclose()


async def test_a_thread_that_never_comes_back_keeps_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is given up, and the end of the call does not wait for it."""
    stuck = threading.Event()
    hangs = Registered("hangs", lambda _event, _call: stuck.wait(30.0))
    follower = Listeners("c", [hangs], telling_limit_s=0.05)

    def is_given_up() -> bool:
        follower.tell(event(1))
        return "told nothing more" in caplog.text

    await until(is_given_up)
    began_s = time.monotonic()
    await follower.aclose()
    assert time.monotonic() - began_s < 3.0
    stuck.set()


class Provider(rtc.EventEmitter[str]):
    """A session with a realtime provider."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    def send_event(self, event: dict[str, Any]) -> None:
        self.sent.append(event)


async def test_a_listener_hears_the_provider_on_request_and_may_speak_to_it(
    heard: list[Any],
) -> None:
    """To the session that is in use now."""
    follower = listeners("Shop.speaks+raw", "on_event")
    old, new = Provider(), Provider()
    follower.tap(old)
    follower.tap(new)
    new.emit("openai_server_event_received", {"type": "session.created"})
    new.emit("openai_client_event_queued", {"type": "input_audio_buffer.append"})
    new.emit("openai_client_event_queued", "no mapping")
    await until(lambda: bool(new.sent))
    await follower.aclose()
    assert (new.sent, old.sent) == ([{"type": "response.create"}], [])
    assert [(raw.direction, raw.content["type"]) for raw in heard] == [
        ("received", "session.created"),
        ("sent", "input_audio_buffer.append"),
    ]
    assert "session.created" not in repr(heard)
    assert all(isinstance(raw, RawEvent) for raw in heard)


async def test_without_a_realtime_provider_a_raw_event_goes_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As in the other pipeline; the log says so."""
    follower = listeners("on_event")
    registered = find_listeners([f"{HERE}:on_event"])
    assert not registered[0].raw
    follower._call.send_raw({"type": "response.create"})
    with pytest.raises(TypeError):
        follower._call.send_raw({"no": "type"})
    await until(lambda: "no realtime provider" in caplog.text)
    await follower.aclose()


@pytest.mark.parametrize(
    "entry",
    [
        "nowhere",
        f"{HERE}",
        f"{HERE}:",
        f"{HERE}:missing",
        "no.such.module:f",
        f"{HERE}:NO_FUNCTION",
    ],
)
def test_what_is_no_listener_is_a_fault_at_start(entry: str) -> None:
    """Named, so that it can be corrected."""
    with pytest.raises(ValueError, match=entry.partition(":")[0]):
        find_listeners([entry])
