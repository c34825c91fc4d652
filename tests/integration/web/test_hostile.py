"""Ten thousand hostile requests to the token endpoint: no fault of ours, no secret, one length."""

from __future__ import annotations

import itertools
import json
import socket
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp

from agent.web.app import create_app
from agent.web.refusals import BODY_BYTES
from tests.integration.web.conftest import API_SECRET, ENVIRONMENT, web_settings
from tests.integration.web.hostile import JSON_TYPE, PATHS, Answer, Hostile, ask, mutated
from tests.integration.web.test_process import page_url, web_process
from tests.integration.web.test_token_endpoint import BODIES

MUTATED, GENERATED, OVER_A_LINE, BY_SCHEMA = 7_200, 1_500, 1_000, 300
"""Together ten thousand."""

CANARIES = {
    "OPENAI_API_KEY": ENVIRONMENT["OPENAI_API_KEY"],
    "PARLEY_LINK_KEYS": "canary-of-links-that-is-long-enough-1",
    "PARLEY_SESSION_KEYS": "canary-of-sessions-that-is-long-enough",
    "PARLEY_OPERATOR_SECRET": "canary-of-operators-that-is-long-enough",
    "PARLEY_JWT_KEY": "canary-of-the-issuer-that-is-long-enough",
    "PARLEY_DATABASE_URL": "postgresql://parley:canary-of-the-database@127.0.0.1:9/parley",
    "PARLEY_SECRET_CRM": "canary-of-the-tools",
}
RULES = {
    "everyone": {},
    "nobody": {},
    "jwt": {"PARLEY_JWT_ISSUER": "a", "PARLEY_JWT_AUDIENCE": "b", "PARLEY_JWT_ALGORITHMS": "HS256"},
    "link": {},
    "session": {},
}
SECRETS = [API_SECRET.encode(), b"canary-"]


def app_of(rule: str) -> ASGIApp:
    """A server with this rule, and a canary for each secret there is."""
    variables = {**CANARIES, **RULES[rule], "PARLEY_ADMISSION": rule}
    return create_app(web_settings(**variables, PARLEY_TRUSTED_PROXIES="127.0.0.1"))


@pytest.fixture(scope="module")
def apps() -> list[ASGIApp]:
    """A server for each rule."""
    return [app_of(rule) for rule in RULES]


def check(answer: Answer, hostile: Hostile) -> None:
    """That it is a token, or a refusal like any other."""
    assert 200 <= answer.status < 500, hostile
    for secret in SECRETS:
        assert secret not in answer.all_bytes, hostile
    if answer.status >= 400 and hostile.method != "HEAD":
        assert len(answer.body) == BODY_BYTES, hostile
        assert set(json.loads(answer.body)) == {"code", "message"}


def test_there_are_ten_thousand() -> None:
    """As was promised."""
    assert MUTATED + GENERATED + OVER_A_LINE + BY_SCHEMA >= 10_000


async def test_mutated_requests_meet_a_token_or_a_refusal(apps: list[ASGIApp]) -> None:
    """Under every rule: bodies that were bent, odd headers, passes and methods."""
    told: Counter[int] = Counter()
    requests = itertools.islice(mutated(seed=7), MUTATED)
    for app, hostile in zip(itertools.cycle(apps), requests, strict=False):
        answer = await ask(app, hostile)
        check(answer, hostile)
        told[answer.status] += 1
    # They reach all of it, and not the first check alone.
    assert {201, 400, 401, 403, 405, 413, 415, 422} <= set(told), told


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"authorization", b"cookie", b"host", b"origin", b"x-forwarded-for", b"content-type"]
        ),
        st.binary(max_size=60) | st.text(max_size=30).map(lambda t: b"Bearer " + t.encode()),
    ),
    max_size=3,
)


@settings(max_examples=GENERATED, suppress_health_check=list(HealthCheck), deadline=None)
@given(body=BODIES, headers=HEADERS, path=st.sampled_from(PATHS), rule=st.integers(0, 4))
async def test_generated_requests_meet_a_token_or_a_refusal(
    apps: list[ASGIApp], body: bytes, headers: list[tuple[bytes, bytes]], path: str, rule: int
) -> None:
    """Any bytes in the body and in the headers that are read."""
    hostile = Hostile(body, (JSON_TYPE, *headers), path)
    check(await ask(apps[rule], hostile), hostile)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server as it runs in production."""
    link = {"PARLEY_ENV": "production", "PARLEY_ADMISSION": "link"}
    with web_process("--port", "0", **CANARIES, **link) as server:
        yield int(page_url(server).rpartition(":")[2])
        server.terminate()
        _, stderr = server.communicate(timeout=20)
        assert "Traceback" not in stderr
        assert "canary-" not in stderr


def test_hostile_bytes_over_a_line_meet_an_answer_or_a_closed_door(port: int) -> None:
    """Also what is no HTTP at all; and whoever comes after is served as ever."""
    told: Counter[int] = Counter()
    for hostile in itertools.islice(mutated(seed=11), OVER_A_LINE):
        raw = hostile.as_http()
        if hostile.method == "\u00e9":
            raw = raw[::-1]
        status = _status_over_a_line(port, raw, hostile)
        told[status] += 1
    assert not [status for status in told if status >= 500], told
    assert {0, 400, 401} <= set(told), told
    good = Hostile(b"{}").as_http()
    assert _status_over_a_line(port, good, Hostile()) == 401


def _status_over_a_line(port: int, raw: bytes, hostile: Hostile) -> int:
    """The status; 0 where the server hung up instead."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        try:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            response = HTTPResponse(line, method=hostile.method)
            response.begin()
            body = response.read()
        except TimeoutError:
            raise
        except (HTTPException, OSError):
            return 0
    for secret in SECRETS:
        assert secret not in body
        assert secret not in str(response.headers).encode()
    return response.status


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_api_is_as_it_describes_itself() -> None:
    """Requests that fit the published description, and such that do not fit it: each answer has a
    status, a type and a form that are described.
    """
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app_of("everyone"))
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    operations = [op.ok() for op in schema.include(path_regex="^/api/token").get_all_operations()]
    each = BY_SCHEMA // (len(operations) * len(modes))
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    for operation, mode in itertools.product(operations, modes):

        @settings(
            max_examples=each,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def conforms(case: schemathesis.Case) -> None:
            answer = case.call()
            case.validate_response(answer, checks=checks)
            assert not [secret for secret in SECRETS if secret in answer.content]

        conforms()
