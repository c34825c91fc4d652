"""The direct calls of one server: by what they are proven, and when they end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest

from agent.call.options import CallOptions
from agent.settings import DirectSettings
from agent.web.direct.calls import MOST_EVENTS, MOST_REQUESTS, SILENT_S, Caller, DirectCalls
from agent.web.direct.wire import Ended, Report, TurnBegan, read_body
from agent.web.refusals import Refusal
from tests.fakes.direct_calls import FakeDirectCall


@dataclass
class Server:
    """Calls on a clock that the test turns."""

    now_s: float = 1_000.0
    made: list[FakeDirectCall] = field(default_factory=list)
    options: DirectSettings = field(
        default_factory=lambda: DirectSettings.model_validate(
            {"PARLEY_DIRECT_CALL_S": 600, "PARLEY_DIRECT_MAX_CALLS": 2}
        )
    )

    def __post_init__(self) -> None:
        self.calls = DirectCalls(self.build, self.options, clock=lambda: self.now_s)

    async def build(self, _options: CallOptions, _caller: Caller) -> FakeDirectCall:
        self.made.append(FakeDirectCall())
        return self.made[-1]

    async def begin(self) -> str:
        token, _ = await self.calls.begin(CallOptions(), Caller())
        return token


def refused(ask: Callable[[], object]) -> HTTPStatus:
    """With which status it is refused."""
    with pytest.raises(Refusal) as refusal:
        ask()
    return refusal.value.status


async def test_a_call_is_found_by_its_token_alone() -> None:
    """Tokens cannot be guessed, and no two are alike."""
    server = Server()
    async with server.calls.lifespan():
        one, other = await server.begin(), await server.begin()
        assert len(one) >= 43
        assert server.calls.find(one).call is server.made[0]
        assert server.calls.find(other).call is server.made[1]
        for wrong in ("", one[:-1], one + "x", "\ud800"):
            assert refused(lambda: server.calls.find(wrong)) == HTTPStatus.UNAUTHORIZED  # noqa: B023


async def test_no_more_calls_than_allowed() -> None:
    """Those that have ended make room."""
    server = Server()
    async with server.calls.lifespan():
        token = await server.begin()
        await server.begin()
        with pytest.raises(Refusal) as refusal:
            await server.begin()
        assert refusal.value.status == HTTPStatus.SERVICE_UNAVAILABLE
        server.calls.take(server.calls.find(token), [Ended(kind="ended", reason="hung up")])
        await server.begin()


async def test_a_call_ends_when_its_time_is_over() -> None:
    """Its page is told so, and its tools are refused."""
    server = Server()
    async with server.calls.lifespan():
        token = await server.begin()
        server.now_s += 599
        assert server.calls.left_s(server.calls.find(token)) == 1
        server.now_s += 1
        assert refused(lambda: server.calls.find(token)) == HTTPStatus.GONE
        assert refused(lambda: server.calls.find(token)) == HTTPStatus.UNAUTHORIZED
    assert server.made[0].closed == ["time is over"]


async def test_a_call_whose_page_is_gone_ends() -> None:
    """A page says now and then that it is there."""
    server = Server()
    async with server.calls.lifespan():
        kept, _lost = await server.begin(), await server.begin()
        server.now_s += SILENT_S - 1
        server.calls.find(kept)
        server.now_s += 1
        server.calls.look()
        server.calls.find(kept)
    assert [call.closed for call in server.made] == [["server stopped"], ["page was lost"]]


async def test_what_comes_after_the_end_is_left_out() -> None:
    """The end is the last thing that is known of a call."""
    server = Server()
    async with server.calls.lifespan():
        held = server.calls.find(await server.begin())
        began = TurnBegan(kind="turn_began", item_id="i1")
        server.calls.take(held, [began, Ended(kind="ended", reason="hung up"), began])
    assert server.made[0].noted == [began]
    assert server.made[0].closed == ["hung up"]


async def test_a_page_that_asks_too_often_is_refused_for_a_while() -> None:
    """And served again after it."""
    server = Server()
    async with server.calls.lifespan():
        token = await server.begin()
        for _ in range(MOST_REQUESTS):
            server.calls.find(token)
        assert refused(lambda: server.calls.find(token)) == HTTPStatus.TOO_MANY_REQUESTS
        server.now_s += 10
        server.calls.find(token)


async def test_a_page_cannot_fill_the_records() -> None:
    """After so many events nothing more is taken down."""
    server = Server()
    async with server.calls.lifespan():
        held = server.calls.find(await server.begin())
        held.events = MOST_EVENTS
        began = TurnBegan(kind="turn_began", item_id="i1")
        assert refused(lambda: server.calls.take(held, [began])) == HTTPStatus.TOO_MANY_REQUESTS
    assert server.made[0].noted == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", HTTPStatus.BAD_REQUEST),
        (b"[" * 10_000, HTTPStatus.BAD_REQUEST),
        (b'{"events": NaN}', HTTPStatus.BAD_REQUEST),
        (b'{"events": 1}', HTTPStatus.UNPROCESSABLE_ENTITY),
        (b'{"events": [{"kind": "other"}]}', HTTPStatus.UNPROCESSABLE_ENTITY),
        (b'{"events": [], "call_id": "x"}', HTTPStatus.UNPROCESSABLE_ENTITY),
        (
            b'{"events": [{"kind": "turn_began", "item_id": "<script>"}]}',
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
        (
            b'{"events": [{"kind": "used", "by": "model", "usage": {"input_tokens": 1e9}}]}',
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
    ],
)
def test_reports_of_another_form_are_refused(body: bytes, status: HTTPStatus) -> None:
    """Nothing of them is repeated in the answer."""
    with pytest.raises(Refusal) as refusal:
        read_body(Report, body)
    assert refusal.value.status == status
    assert "script" not in refusal.value.message
