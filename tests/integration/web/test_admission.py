"""Rules of admission as clients meet them over HTTP, and what of them reaches the call."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient

from agent.call.duty import Duty
from agent.call.options import CallOptions, JobMetadata
from agent.errors import SettingsError
from agent.services.storage.engine import Database
from agent.services.storage.spending import SqlSpending
from agent.services.storage.workers import SqlDutyRoster
from agent.web.admission import Admitted
from agent.web.admission.link import make_link_value
from agent.web.admission.session import AUDIENCE, COOKIE
from agent.web.app import create_app
from agent.web.refusals import BODY_BYTES
from tests.integration.web.conftest import API_SECRET, web_settings

KEY = "a-key-of-links-and-sessions-for-tests-1"
LINKS = {"PARLEY_ENV": "production", "PARLEY_ADMISSION": "link", "PARLEY_LINK_KEYS": KEY}
SESSIONS = {"PARLEY_ADMISSION": "session", "PARLEY_SESSION_KEYS": KEY}


def bearer(admitted: Admitted) -> dict[str, str]:
    """The headers of somebody with a link."""
    value = make_link_value(admitted, KEY, lasts=timedelta(minutes=5))
    return {"Authorization": f"Bearer {value}"}


def job_of(answer: Any) -> JobMetadata:
    """What the worker is told of a call."""
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    claims = jwt.decode(answer.json()["participant_token"], API_SECRET, algorithms=["HS256"])
    return JobMetadata.parse(claims["roomConfig"]["agents"][0]["metadata"])


def asking(**options: Any) -> dict[str, Any]:
    return {"room_config": {"agents": [{"metadata": json.dumps(options)}]}}


def test_the_call_knows_who_was_let_in(client_of: Callable[..., TestClient]) -> None:
    """User and tenant ride in the signed metadata, and in nothing that other participants see."""
    client = client_of(**LINKS)
    answer = client.post("/api/token", headers=bearer(Admitted("ada", "acme")))
    job = job_of(answer)
    assert (job.user, job.tenant, job.staff) == ("ada", "acme", False)
    claims = jwt.decode(answer.json()["participant_token"], API_SECRET, algorithms=["HS256"])
    assert "attributes" not in claims
    assert "metadata" not in claims


@pytest.mark.parametrize("claim", ["user", "tenant", "staff", "participant_identity"])
def test_no_client_says_who_it_is(client_of: Callable[..., TestClient], claim: str) -> None:
    """These are no options of a call."""
    answer = client_of().post("/api/token", json=asking(**{claim: "acme"}))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_what_a_link_decides_stands(client_of: Callable[..., TestClient]) -> None:
    """The rest is the client's choice."""
    link = bearer(Admitted(options=CallOptions(persona="reception")))
    asked = asking(persona="frontdesk", language="ko")
    job = job_of(client_of(**LINKS).post("/api/token", json=asked, headers=link))
    assert (job.persona, job.language) == ("reception", "ko")


def test_without_a_pass_the_caller_learns_that_it_takes_one(
    client_of: Callable[..., TestClient],
) -> None:
    """401 in words, and in the form that programs know."""
    answer = client_of(**LINKS).post("/api/token")
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "pass_missing"


def test_a_site_session_admits_its_own_page_only(client_of: Callable[..., TestClient]) -> None:
    """The cookie alone is not enough: another site's page could make a browser send it."""
    claims = {"aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 60}
    cookie = {"Cookie": f"{COOKIE}={jwt.encode(claims, KEY, algorithm='HS256')}"}
    client = client_of(**SESSIONS)
    own = {**cookie, "Sec-Fetch-Site": "same-origin"}
    assert job_of(client.post("/api/token", headers=own)).user == "ada"
    foreign = client.post("/api/token", headers={**cookie, "Sec-Fetch-Site": "cross-site"})
    assert foreign.json()["code"] == "foreign_page"


def by_header(request: Any) -> Admitted | None:
    """A rule of an operator's own."""
    user = request.headers.get("X-User")
    return Admitted(user) if user else None


def test_a_function_of_the_operator_decides(client_of: Callable[..., TestClient]) -> None:
    """Named by its path."""
    named = f"{__name__}:by_header"
    client = client_of(PARLEY_ADMISSION="callable", PARLEY_ADMISSION_CALLABLE=named)
    assert job_of(client.post("/api/token", headers={"X-User": "ada"})).user == "ada"
    assert client.post("/api/token").json()["code"] == "not_admitted"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"PARLEY_ADMISSION": "link"}, "PARLEY_LINK_KEYS: is needed"),
        ({"PARLEY_ADMISSION": "session"}, "PARLEY_SESSION_KEYS: is needed"),
        ({"PARLEY_ADMISSION": "callable"}, "PARLEY_ADMISSION_CALLABLE: is needed"),
        ({"PARLEY_ADMISSION": "jwt"}, "PARLEY_JWT_ISSUER: is needed"),
        ({**LINKS, "PARLEY_LINK_KEYS": API_SECRET}, "other ones than LIVEKIT_API_SECRET"),
        ({**LINKS, "PARLEY_SESSION_KEYS": KEY}, "other ones than PARLEY_LINK_KEYS"),
        ({**LINKS, "PARLEY_OPERATOR_SECRET": KEY}, "other ones than PARLEY_OPERATOR_SECRET"),
    ],
)
def test_a_rule_that_lacks_something_does_not_start(changes: dict[str, str], told: str) -> None:
    """It would let nobody in, or those whom something else was signed for."""
    with pytest.raises(SettingsError, match=told):
        create_app(web_settings(**changes))


def test_who_asks_too_often_is_told_when_to_come_back(
    client_of: Callable[..., TestClient],
) -> None:
    """Other sites' pages may read it. Who comes back to a call is counted by another measure."""
    client = client_of(
        PARLEY_RATE_ADDRESS="2/minute", PARLEY_WEB_CORS_ORIGINS="https://shop.example.com"
    )
    origin = {"Origin": "https://shop.example.com"}
    codes = [client.post("/api/token", headers=origin).status_code for _ in range(2)]
    answer = client.post("/api/token", headers=origin)
    assert [*codes, answer.status_code] == [201, 201, 429]
    returns = [client.post("/api/token/resume").status_code for _ in range(121)]
    assert returns == [422] * 120 + [429]
    assert 50 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.json()["code"] == "too_many_requests"
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables of a web server that asks a database of its own who is on duty."""
    yield {
        "PARLEY_CHECK_WORKERS": "true",
        "PARLEY_DATABASE_URL": f"sqlite:///{tmp_path}/parley.sqlite3",
    }


async def in_database(variables: dict[str, str], work: Callable[[Database], Any]) -> None:
    """Do something as another process does."""
    database = Database(web_settings(**variables).database)
    try:
        await work(database)
    finally:
        await database.aclose()


def test_calls_are_given_while_a_worker_has_room(shared: dict[str, str]) -> None:
    """503 with a sentence and a time before it comes, and after it is full."""
    room_for_one = Duty(calls=1, calls_at_once=2, takes_calls=True)

    def tell(database: Database) -> Any:
        return SqlDutyRoster(database, "parley").tell(room_for_one)

    with TestClient(create_app(web_settings(**shared))) as client:
        absent = client.post("/api/token")
        asyncio.run(in_database(shared, tell))
        time.sleep(0.2)  # for as long an answer counts that keeps callers out
        answers = [client.post("/api/token") for _ in range(2)]
    assert absent.json()["code"] == "no_worker"
    assert [answer.status_code for answer in answers] == [201, 503]
    assert answers[1].json()["message"] == "All lines are busy. Please try again in a moment."
    assert int(answers[1].headers["Retry-After"]) == 20


def test_calls_are_given_while_the_budget_lasts(shared: dict[str, str]) -> None:
    """What workers have added to the day counts, and a tenant's own; resuming costs nothing new."""
    variables = {
        **shared,
        **LINKS,
        "PARLEY_CHECK_WORKERS": "false",
        "PARLEY_BUDGET_DAY_USD": "10",
        "PARLEY_BUDGET_TENANT_USD": "5",
    }

    def spend(database: Database) -> Any:
        from datetime import UTC, datetime

        return SqlSpending(database, "acme", lambda: datetime.now(UTC).date()).add(5_000_000)

    asyncio.run(in_database(variables, spend))
    with TestClient(create_app(web_settings(**variables))) as client:
        spent = client.post("/api/token", headers=bearer(Admitted("ada", "acme")))
        left = client.post("/api/token", headers=bearer(Admitted("bob", "globex")))
    assert spent.json()["code"] == "budget_spent"
    assert 0 < int(spent.headers["Retry-After"]) <= Decimal(86_400)
    assert left.status_code == HTTPStatus.CREATED


def test_all_refusals_look_alike_from_outside(client_of: Callable[..., TestClient]) -> None:
    """Whoever only sees the length of answers does not learn what was wrong."""
    client = client_of(**LINKS)
    link = bearer(Admitted("ada"))
    answers = [
        client.post("/api/token"),
        client.post("/api/token", headers={"Authorization": "Bearer x"}),
        client.post("/api/token", json={"room_name": "a"}, headers=link),
        client.post("/api/token", json=asking(**{"x" * 40: 1, "ü" * 40: 2}), headers=link),
        client.post("/api/token", content=b"{", headers=link),
        client.post("/api/token/resume", json={"resume_token": "x"}, headers=link),
        client.get("/api/token"),
        client.get("/nowhere"),
    ]
    assert {len(answer.content) for answer in answers} == {BODY_BYTES}
    assert len({answer.json()["message"] for answer in answers}) == len(answers)
