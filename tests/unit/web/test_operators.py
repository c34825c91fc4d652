"""Who may read records of calls, and who not."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

import jwt
import pytest
from livekit import api

from agent.web.operators import Role
from tests.unit.web.conftest import LIVEKIT_SECRET, SECRET, Connect, bearer, headers_of

CLAIMS = {"sub": "grace", "role": "operator", "aud": "parley-calls"}


def token(
    secret: str | None = SECRET, algorithm: str = "HS256", /, **changes: Any
) -> dict[str, str]:
    """The headers of a token with some claims changed; None leaves a claim out."""
    claims = {**CLAIMS, "exp": time.time() + 60, **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    return bearer(jwt.encode(kept, secret, algorithm=algorithm))


def livekit_token(secret: str) -> dict[str, str]:
    """The headers of a caller's token to join."""
    made = api.AccessToken("web-test-key", secret).with_identity("grace")
    return bearer(made.with_grants(api.VideoGrants(room_join=True, room="r")).to_jwt())


OPERATORS: dict[str, Role] = {"viewer": "viewer", "op": "operator", "officer": "privacy_officer"}


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("/api/operator", "viewer"),
        ("/api/calls", "viewer"),
        ("/api/calls?state=closed&reason=participant_disconnected&since=2026-03-01", "viewer"),
        ("/api/calls/stats", "viewer"),
        ("/api/calls/AJ_one", "viewer"),
        ("/api/calls?text=order", "op"),
        ("/api/calls?caller=anna", "op"),
        ("/api/calls/AJ_one/export?format=csv", "op"),
        ("/api/calls/AJ_one/audio", "op"),
        ("/api/audit", "officer"),
        ("DELETE /api/calls?caller=nobody", "officer"),
    ],
)
async def test_a_role_may_do_what_the_roles_below_it_may_and_no_more(
    connect: Connect, one_call: str, path: str, least: str
) -> None:
    """Whoever has no token may do nothing."""
    method, _, address = path.rpartition(" ")
    async with connect() as client:
        answer = await client.request(method or "GET", address)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        ranks = list(OPERATORS)
        for name, role in OPERATORS.items():
            answer = await client.request(method or "GET", address, headers=headers_of(role))
            if ranks.index(name) < ranks.index(least):
                assert (answer.status_code, answer.json()["code"]) == (403, "role_not_enough")
            else:
                assert answer.status_code in (200, 404)
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer(""),
        bearer("not.a.token"),
        bearer("\x80"),
        {"Authorization": f"Basic {SECRET}"},
        {"Cookie": token()["Authorization"]},
        token(None, "none"),
        token("another-secret-of-thirty-two-characters"),
        token(SECRET, "HS512"),
        token(aud=None),
        token(aud="parley"),
        token(aud=["parley-calls", "parley"]),
        token(exp=None),
        token(exp=time.time() - 1),
        token(nbf=time.time() + 60),
        token(sub=None),
        token(sub=""),
        token(sub="g" * 65),
        token(role=None),
        token(role="root"),
        token(role=["operator"]),
        token(role={}),
        livekit_token(LIVEKIT_SECRET),
        livekit_token(SECRET),
    ],
)
async def test_nothing_but_an_operators_token_opens_records(
    connect: Connect, one_call: str, headers: dict[str, str]
) -> None:
    """No token, another's, an unsigned one, one for another purpose, one that is over."""
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    async with connect() as client:
        answer = await client.get("/api/calls", headers=raw)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "operator-token" in answer.json()["message"]
        assert (await client.get("/api/calls", headers=token())).status_code == HTTPStatus.OK


def test_an_operators_token_opens_no_room() -> None:
    """Not even where somebody had made one with LiveKit's secret."""
    made = token(LIVEKIT_SECRET)["Authorization"].removeprefix("Bearer ")
    with pytest.raises(jwt.PyJWTError):
        api.TokenVerifier("web-test-key", LIVEKIT_SECRET).verify(made)


async def test_without_a_secret_production_shows_nothing(connect: Connect, one_call: str) -> None:
    """Neither records nor the page; the rest of the server is as it was."""
    async with connect(PARLEY_OPERATOR_SECRET="") as client:
        for path in ("/api/calls", "/api/calls/AJ_one", "/api/operator", "/calls"):
            answer = await client.get(path, headers=token())
            assert answer.status_code == HTTPStatus.NOT_FOUND
        assert (await client.get("/")).status_code == HTTPStatus.OK


DEVELOPMENT = {"PARLEY_OPERATOR_SECRET": "", "PARLEY_ENV": "development"}


async def test_a_developer_reads_their_own_machines_records(
    connect: Connect, one_call: str
) -> None:
    """Without a token, by any of the names of this machine."""
    for peer, url in (
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("::ffff:127.0.0.1", "http://localhost"),
    ):
        async with connect(peer=peer, url=url, **DEVELOPMENT) as client:
            page = {"Sec-Fetch-Site": "same-origin", "Origin": url}
            for headers in ({}, page):
                answer = await client.get("/api/operator", headers=headers)
                assert answer.json() == {"name": "developer", "role": "privacy_officer"}


@pytest.mark.parametrize(
    ("peer", "url", "headers"),
    [
        ("192.168.1.7", "http://127.0.0.1:8000", {}),
        ("127.0.0.1", "http://parley.example.com", {}),
        ("127.0.0.1", "http://127.0.0.1.example.com:8000", {}),
        ("127.0.0.1", "http://192.168.1.7:8000", {}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Host": "[::1"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "https://evil.example"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "null"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "http://["}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "http://127.0.0.1:9000"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Sec-Fetch-Site": "cross-site"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Sec-Fetch-Site": "same-site"}),
    ],
)
async def test_nobody_else_reads_a_developers_records(
    connect: Connect, one_call: str, peer: str, url: str, headers: dict[str, str]
) -> None:
    """Not from elsewhere, nor by a name that leads here, nor through a proxy, nor from another
    site's page.
    """
    async with connect(peer=peer, url=url, **DEVELOPMENT) as client:
        answer = await client.get("/api/calls", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_on_this_machine")


async def test_a_development_server_that_others_reach_wants_tokens(connect: Connect) -> None:
    """It shows nothing without a secret, even to its own machine; with one it asks for a token."""
    async with connect(**DEVELOPMENT, PARLEY_WEB_HOST="0.0.0.0") as client:
        assert (await client.get("/api/calls")).status_code == HTTPStatus.NOT_FOUND
    async with connect(PARLEY_ENV="development") as client:
        assert (await client.get("/api/calls")).status_code == HTTPStatus.UNAUTHORIZED
