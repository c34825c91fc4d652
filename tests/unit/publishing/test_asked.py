"""What clients may ask for, and what hostile ones try."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc

from agent.call.state import CallerIdentity
from agent.publishing.asked import (
    MALFORMED,
    MOST_BYTES,
    MOST_REQUESTS,
    NOT_ALLOWED,
    NOT_NOW,
    TOO_LARGE,
    TOO_MANY,
    Cannot,
    ClientRequests,
)
from tests.fakes.data_room import DataRoom, FakeGuest, operator


@dataclass
class FakeActions:
    """Remembers what was done."""

    done: list[tuple[Any, ...]] = field(default_factory=list)
    fault: Exception | None = None

    def _do(self, *what: Any) -> None:
        if self.fault is not None:
            raise self.fault
        self.done.append(what)

    async def say_text(self, text: str) -> None:
        self._do("say", text)

    async def set_language(self, language: str) -> str:
        self._do("language", language)
        return "de"

    def set_muted(self, muted: bool) -> None:
        self._do("muted", muted)

    def approve(self, id_: str, approved: bool, *, by: str) -> None:
        self._do("approve", id_, approved, by)

    def give_feedback(self, rating: str, comment: str) -> None:
        self._do("feedback", rating, comment)


class Desk:
    """Requests in a room with a caller, an operator and a stranger."""

    def __init__(self) -> None:
        self.room = DataRoom()
        for guest in (FakeGuest("anna"), operator("olga"), FakeGuest("eve")):
            self.room.join(guest)
        self.actions = FakeActions()
        self.caller = CallerIdentity("anna")
        self.now_s = 0.0
        as_room: Any = self.room
        requests = ClientRequests(as_room, self.caller, self.actions, clock=lambda: self.now_s)
        requests.register()

    async def asks(self, who: str, method: str, payload: Any) -> Any:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        request = rtc.RpcInvocationData("r", who, text, 10.0, f"parley.{method}")
        return json.loads(await self.room.methods[f"parley.{method}"](request))

    async def refused(self, who: str, method: str, payload: Any) -> rtc.RpcError:
        with pytest.raises(rtc.RpcError) as refusal:
            await self.asks(who, method, payload)
        return refusal.value


CALLERS = {
    "say_text": {"text": "When are you open?"},
    "set_language": {"language": "German"},
    "set_muted": {"muted": True},
    "feedback": {"rating": 5, "comment": "Quick."},
}
APPROVAL = {"id": "approval-1", "approved": True}


async def test_a_caller_gets_what_they_ask_for() -> None:
    """Answers are JSON too."""
    desk = Desk()
    answers = [await desk.asks("anna", method, payload) for method, payload in CALLERS.items()]
    done = [{}, {"language": "de"}, {"muted": True}, {}]
    assert answers == [{"ok": True, **more} for more in done]
    await desk.asks("anna", "feedback", {"rating": "up"})
    assert desk.actions.done == [
        ("say", "When are you open?"),
        ("language", "German"),
        ("muted", True),
        ("feedback", "5", "Quick."),
        ("feedback", "up", ""),
    ]


async def test_an_operator_answers_for_the_house_and_nobody_else_does() -> None:
    """A caller cannot allow their own wish, whatever their token says."""
    desk = Desk()
    desk.room.remote_participants["anna"].attributes |= operator("").attributes
    for who in ("anna", "eve", "nobody", ""):
        assert (await desk.refused(who, "approve_tool", APPROVAL)).code == NOT_ALLOWED
    await desk.asks("olga", "approve_tool", APPROVAL)
    assert desk.actions.done == [("approve", "approval-1", True, "olga")]


async def test_nobody_speaks_in_the_caller_s_place() -> None:
    """Operators neither; and before there is a caller, nobody at all."""
    desk = Desk()
    for who in ("eve", "olga", ""):
        for method, payload in CALLERS.items():
            assert (await desk.refused(who, method, payload)).code == NOT_ALLOWED
    desk.caller.identity = ""
    assert (await desk.refused("", "say_text", CALLERS["say_text"])).code == NOT_ALLOWED
    assert desk.actions.done == []


@pytest.mark.parametrize(
    ("method", "payload"),
    [
        ("say_text", ""),
        ("say_text", "hello"),
        ("say_text", "[" * 5_000),
        ("say_text", "null"),
        ("say_text", {"text": ""}),
        ("say_text", {"text": "x" * 2_001}),
        ("say_text", {"text": ["hello"]}),
        ("say_text", {"text": "hello", "role": "system"}),
        ("say_text", '{"text": "\\ud800"}'),
        ("set_language", {"language": 7}),
        ("set_muted", {"muted": "true"}),
        ("set_muted", {"muted": 1}),
        ("feedback", {"rating": 0}),
        ("feedback", {"rating": 6}),
        ("feedback", {"rating": True}),
        ("feedback", {"rating": 4.5}),
        ("feedback", {"rating": "5"}),
        ("feedback", {"rating": "sideways"}),
        ("feedback", {"comment": "no rating"}),
        ("feedback", {"rating": 1, "comment": "x" * 2_001}),
        ("feedback", '{"rating": 1, "rating": NaN}'),
    ],
)
async def test_what_does_not_fit_is_refused(method: str, payload: Any) -> None:
    """With a sentence that repeats none of it."""
    desk = Desk()
    refusal = await desk.refused("anna", method, payload)
    assert refusal.code == MALFORMED
    assert "sideways" not in refusal.message
    assert "system" not in refusal.message
    assert len(refusal.message) < 120
    assert desk.actions.done == []


@given(st.text(max_size=200))
def test_whatever_is_sent_is_answered_or_refused(payload: str) -> None:
    """Never with an error of another kind."""
    desk = Desk()

    async def send() -> None:
        for method in CALLERS:
            await desk.refused("anna", method, payload)

    asyncio.run(send())
    assert desk.actions.done == []


async def test_a_payload_has_a_size_and_a_participant_a_rate() -> None:
    """Whoever asks too often waits; others do not."""
    desk = Desk()
    huge = json.dumps({"text": "x" * MOST_BYTES})
    assert (await desk.refused("anna", "say_text", huge)).code == TOO_LARGE
    for _ in range(MOST_REQUESTS - 1):
        await desk.asks("anna", "set_muted", {"muted": True})
    assert (await desk.refused("anna", "set_muted", {"muted": True})).code == TOO_MANY
    await desk.asks("olga", "approve_tool", APPROVAL)
    desk.now_s = 10.1
    await desk.asks("anna", "set_muted", {"muted": False})


async def test_what_cannot_be_done_is_said_in_a_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A fault of ours is told as one, and quotes nothing."""
    desk = Desk()
    desk.actions.fault = Cannot("That language is not known.")
    refusal = await desk.refused("anna", "set_language", {"language": "Klingon"})
    assert (refusal.code, refusal.message) == (NOT_NOW, "That language is not known.")
    desk.actions.fault = RuntimeError("secret words")
    refusal = await desk.refused("anna", "say_text", {"text": "secret words"})
    assert refusal.code == NOT_NOW
    assert "secret" not in refusal.message + caplog.text
