"""Direct mode over a real provider's shape: secrets, tools, reports and what becomes of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.direct_mode import direct_mode
from agent.errors import SettingsError
from agent.records.query import CallQuery, CallRecord
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import load_settings
from agent.web.admission import admit_nobody
from agent.web.app import create_app
from tests.fakes.web import FakeWeb, answering
from tests.integration.web.conftest import ENVIRONMENT, web_settings

KEY = "canary-provider-key"
SECRET = {"value": "ek_for_the_page", "expires_at": 1_900_000_000, "session": {"secret": KEY}}


@dataclass
class Page:
    """A page's requests to our server, and what its provider was asked."""

    http: httpx2.AsyncClient
    provider: FakeWeb
    call: dict[str, Any] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)

    async def post(self, path: str, body: object, *, token: str = "") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self.http.post(f"/api/realtime/{path}", json=body, headers=headers)
        self.received.append(answer.text + str(answer.headers))
        assert answer.headers["Cache-Control"] == "no-store"
        return answer

    async def begin(self, **options: str) -> dict[str, Any]:
        """Begin a call."""
        answer = await self.post("client-secret", options)
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        self.call = answer.json()
        return self.call

    async def use(self, tool: str, call_id: str, **arguments: object) -> dict[str, Any]:
        """Have a tool called by the model."""
        body = {"call_id": call_id, "arguments": json.dumps(arguments)}
        answer = await self.post(f"tools/{tool}", body, token=self.call["call_token"])
        assert answer.status_code == HTTPStatus.OK, answer.text
        return dict(answer.json())

    async def report(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Tell what has happened."""
        answer = await self.post("report", {"events": events}, token=self.call["call_token"])
        assert answer.status_code == HTTPStatus.OK, answer.text
        return dict(answer.json())


OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


async def give_secret(_request: web.Request) -> web.StreamResponse:
    """What OpenAI answers."""
    return web.json_response(SECRET)


@pytest.fixture
def open_page(tmp_path: Path) -> OpenPage:
    """Opens pages of a server in development, over a provider that answers as the test says."""

    @asynccontextmanager
    async def opened(answer: Any = give_secret, **changes: str) -> AsyncIterator[Page]:
        async with answering(answer) as provider:
            config = web_settings(
                **{
                    "OPENAI_BASE_URL": f"{provider.url}/v1",
                    "PARLEY_DATABASE_URL": f"sqlite:///{tmp_path}/parley.sqlite3",
                    "PARLEY_SPOOL_DIR": str(tmp_path / "spool"),
                    "PARLEY_WEATHER": "climate",
                    **changes,
                }
            )
            app = create_app(config, direct=direct_mode(config))
            transport = httpx2.ASGITransport(app=app)
            async with (
                app.router.lifespan_context(app),
                httpx2.AsyncClient(transport=transport, base_url="http://page") as http,
            ):
                yield Page(http, provider)

    return opened


async def record_in(folder: Path) -> CallRecord:
    """The record of the only call."""
    config = web_settings(PARLEY_DATABASE_URL=f"sqlite:///{folder}/parley.sqlite3")
    database = Database(config.database)
    try:
        store = CallStore(database)
        (call,) = (await store.page(CallQuery())).calls
        return await store.call(call.id)
    finally:
        await database.aclose()


async def test_a_page_gets_a_secret_and_never_the_key(open_page: OpenPage) -> None:
    """The session is the server's: model, voice, prompt and the tools that need no room."""
    async with open_page() as page:
        call = await page.begin(persona="frontdesk", language="en")
        assert call["value"] == "ek_for_the_page"
        assert call["calls_url"] == f"{page.provider.url}/v1/realtime/calls"
        assert "How can I help you?" in call["first_words"]
        (asked,) = page.provider.asked
        assert asked.target == "/v1/realtime/client_secrets"
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
        assert asked.body["expires_after"] == {"anchor": "created_at", "seconds": 60}
        session = asked.body["session"]
        assert session["type"] == "realtime"
        assert session["audio"]["input"]["turn_detection"]["interrupt_response"]
        tools = {tool["name"]: tool for tool in session["tools"]}
        assert {"weather", "opening_hours", "end_call"} <= set(tools)
        assert not {"transfer_call", "hold", "send_dtmf", "speak_slower"} & set(tools)
        assert tools["weather"]["parameters"]["required"] == ["place"]
        assert KEY not in "".join(page.received)


async def refuse(status: int) -> Any:
    """A provider that refuses, and names the key as none should."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": f"no, {KEY}"}}, status=status)

    return answer


@pytest.mark.parametrize(
    ("status", "ours", "code"),
    [
        (401, 502, "provider_refused"),
        (400, 502, "provider_unfit"),
        (404, 502, "provider_unfit"),
        (302, 502, "provider_unfit"),
        (429, 503, "provider_busy"),
        (500, 503, "provider_unreachable"),
        (200, 502, "provider_unfit"),
    ],
)
async def test_a_provider_that_gives_none_is_told_in_words(
    open_page: OpenPage, tmp_path: Path, status: int, ours: int, code: str
) -> None:
    """What it said stays here, and the call is over."""
    async with open_page(await refuse(status)) as page:
        answer = await page.post("client-secret", {})
        assert (answer.status_code, answer.json()["code"]) == (ours, code)
        assert KEY not in "".join(page.received)
    assert (await record_in(tmp_path)).call.close_reason == "provider gave no secret"


async def test_a_provider_that_is_not_there_is_told_in_words(open_page: OpenPage) -> None:
    """It may be back in a minute."""
    async with open_page(PARLEY_REALTIME_BASE_URL="http://127.0.0.1:9/v1") as page:
        answer = await page.post("client-secret", {})
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.json()["code"] == "provider_unreachable"


async def test_the_models_call_of_a_tool_is_answered_once(
    open_page: OpenPage, tmp_path: Path
) -> None:
    """A page that asks again for the same call gets the same answer, and nothing is done twice."""
    async with open_page() as page:
        await page.begin()
        answers = await asyncio.gather(
            *(page.use("take_message", "call_1", message="Call me", name="Anna") for _ in range(4))
        )
        assert all(answer == answers[0] for answer in answers)
        weather = await page.use("weather", "call_2", place="Paris")
        assert "Paris" in weather["output"]
        assert weather | {"output": ""} == {
            **{"output": "", "failed": False, "silent": False, "say": "", "hang_up": False}
        }
        bye = await page.use("end_call", "call_3")
        assert bye["hang_up"]
    kinds = [entry.event.kind for entry in (await record_in(tmp_path)).entries]
    assert kinds.count("tool_ended") == 3


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("weather", "{", "missing"),
        ("weather", '{"place": "Paris", "identity": "anna"}', "no argument of it"),
        ("weather", "[1]", "no JSON object"),
        ("find_order", "{}", ""),
        ("transfer_call", "{}", ""),
        ("__class__", "{}", ""),
    ],
)
async def test_a_call_that_cannot_be_is_answered_in_words(
    open_page: OpenPage, tool: str, arguments: str, words: str
) -> None:
    """Arguments are judged as in a room's calls, and no tool is there that was not offered."""
    async with open_page() as page:
        token = (await page.begin())["call_token"]
        body = {"call_id": "call_1", "arguments": arguments}
        answer = await page.post(f"tools/{tool}", body, token=token)
        if words:
            assert answer.json()["failed"]
            assert words in answer.json()["output"]
        else:
            assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("path", ["tools/weather", "report"])
async def test_nothing_is_done_for_whoever_has_no_call(open_page: OpenPage, path: str) -> None:
    """Neither with the provider's secret nor with somebody's guess."""
    async with open_page() as page:
        await page.begin()
        for token in ("", "ek_for_the_page", "x" * 43):
            answer = await page.post(path, {"call_id": "c", "arguments": "{}"}, token=token)
            assert answer.status_code == HTTPStatus.UNAUTHORIZED


async def test_an_effect_waits_for_the_callers_yes(open_page: OpenPage) -> None:
    """The page has the model put our question, and the yes that it reports is judged here."""
    async with open_page(PARLEY_OPENING_HOURS="mon-sun 09:00-17:00") as page:
        await page.begin(persona="appointments")
        day = datetime.now(UTC).date() + timedelta(days=2)
        asked = {"day": day.isoformat(), "time": "15:00", "name": "Anna"}
        first = await page.use("book_appointment", "call_1", **asked)
        assert "Shall I book" in first["say"]
        assert first["silent"]
        question = first["say"].partition(": ")[2].strip('"')
        # A model that says the yes itself gets nowhere.
        assert "not answered" in (await page.use("book_appointment", "call_2", **asked))["output"]
        await page.report(
            {
                "kind": "turn_spoken",
                "item_id": "i1",
                "text": question,
                "heard": question,
                "answers": "call_1",
            },
            {"kind": "turn_began", "item_id": "i2"},
            {"kind": "turn_heard", "item_id": "i2", "text": "Yes, please."},
        )
        booked = await page.use("book_appointment", "call_3", **asked)
        assert booked["output"].startswith("Booked")
        listed = await page.use("list_appointments", "call_4")
        assert f"{day:%A}" in listed["output"]


async def test_a_call_is_recorded_as_its_page_reports_it(
    open_page: OpenPage, tmp_path: Path
) -> None:
    """With a mark that nobody else vouches for it; and what it cost, at our prices."""
    usage = {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150}
    async with open_page(PARLEY_DIRECT_CALL_S="120") as page:
        await page.begin(language="en")
        told = await page.report(
            {"kind": "turn_heard", "item_id": "i1", "text": "When are you open?"},
            {
                "kind": "turn_spoken",
                "item_id": "i2",
                "text": "From nine until five.",
                "heard": "From nine",
                "interrupted": True,
            },
            {"kind": "used", "by": "model", "usage": usage},
            {"kind": "fault", "code": "server_error", "message": "It failed."},
        )
        assert 110 <= told["left_s"] <= 120
        assert told["over"] == ""
        await page.report({"kind": "ended", "reason": "hung up"})
        late = await page.post("report", {"events": []}, token=page.call["call_token"])
        assert late.status_code == HTTPStatus.UNAUTHORIZED
    record = await record_in(tmp_path)
    events = {entry.event.kind: entry.event for entry in record.entries}
    assert record.call.pipeline == "direct"
    assert record.call.close_reason == "hung up"
    assert record.call.id.startswith("DC_")
    assert "client_reports" in events
    assert events["turn_heard"].text == "When are you open?"
    assert events["turn_spoken"].heard == "From nine"
    assert events["charged"].usage.input_tokens == 100
    assert events["charged"].price_version.endswith("usage as reported")


async def test_a_spent_budget_ends_the_call_and_refuses_the_next(
    open_page: OpenPage, tmp_path: Path
) -> None:
    """As far as the page's own reports reach."""
    prices = tmp_path / "prices.toml"
    prices.write_text(
        'date = 2026-11-26\n[models."gpt-realtime"]\ninput_mtok = 4\noutput_mtok = 16'
    )
    usage = {"input_tokens": 100_000, "output_tokens": 100_000}
    used = {"kind": "used", "by": "model", "usage": usage}
    changes = {"PARLEY_BUDGET_DAY_USD": "1", "PARLEY_PRICES_FILE": str(prices)}
    async with open_page(**changes) as page:
        await page.begin()
        assert (await page.report(used))["over"] == "budget"
        assert (await page.use("weather", "call_1", place="Paris"))["failed"]
        await page.report({"kind": "ended", "reason": "hung up"})
    async with open_page(**changes) as page:
        answer = await page.post("client-secret", {})
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.json()["code"] == "budget_spent"


async def test_nobody_begins_a_call_who_is_not_admitted(tmp_path: Path) -> None:
    """The same rule as for tokens holds."""
    config = web_settings(PARLEY_DATABASE_URL=f"sqlite:///{tmp_path}/parley.sqlite3")
    app = create_app(config, admission=admit_nobody, direct=direct_mode(config))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://page") as http:
        answer = await http.post("/api/realtime/client-secret", json={})
        assert answer.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("changes", "is_on"),
    [
        ({}, True),
        ({"PARLEY_DIRECT": "off"}, False),
        ({"OPENAI_API_KEY": ""}, False),
        ({"PARLEY_DIRECT_PUBLIC_URL": "https://speech.example/v1"}, True),
    ],
)
async def test_the_page_may_reach_the_provider_only_where_it_is_meant_to(
    changes: dict[str, str], is_on: bool
) -> None:
    """The policy names exactly its origin; where the mode is off, there are no such paths."""
    config = load_settings({**ENVIRONMENT, **changes}, calls_providers=False)
    app = create_app(config, direct=direct_mode(config))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://page") as http:
        policy = (await http.get("/healthz")).headers["Content-Security-Policy"]
        origin = changes.get("PARLEY_DIRECT_PUBLIC_URL", "https://api.openai.com/v1")
        allowed = policy.split("connect-src ")[1].split(";")[0].split()
        assert (origin.removesuffix("/v1") in allowed) is is_on
        assert "unsafe" not in policy
        if not is_on:
            answer = await http.post("/api/realtime/client-secret", json={})
            assert answer.status_code == HTTPStatus.NOT_FOUND


def test_an_operator_who_wants_it_is_told_what_is_missing() -> None:
    """A server that cannot ask the provider does not start."""
    with pytest.raises(SettingsError) as refusal:
        environment = {**ENVIRONMENT, "OPENAI_API_KEY": "", "PARLEY_DIRECT": "on"}
        direct_mode(load_settings(environment, calls_providers=False))
    assert "OPENAI_API_KEY" in str(refusal.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


async def test_hostile_bodies_are_refused_and_never_break_the_server(open_page: OpenPage) -> None:
    """Whatever comes, the answer is a refusal in words without a secret, or none was needed."""
    async with open_page() as page:
        token = (await page.begin())["call_token"]
        paths = ("client-secret", "tools/weather", "report")
        loop = asyncio.get_running_loop()

        async def send(path: str, body: bytes) -> None:
            answer = await page.http.post(
                f"/api/realtime/{path}",
                content=body,
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
            assert KEY not in answer.text

        @given(
            st.sampled_from(paths),
            st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode()),
        )
        @settings(
            max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        def attack(path: str, body: bytes) -> None:
            asyncio.run_coroutine_threadsafe(send(path, body), loop).result(20)

        await asyncio.to_thread(attack)
