"""The token endpoint as clients meet it over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import jwt
import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit import api

from agent.errors import SettingsError
from agent.web.admission import Admitted
from agent.web.app import create_app
from agent.web.json_body import MAX_BODY_BYTES
from agent.web.refusals import BODY_BYTES, Refusal
from tests.integration.web.conftest import API_KEY, API_SECRET, ENVIRONMENT, web_settings

PRODUCTION = {"PARLEY_ENV": "production", "PARLEY_ADMISSION": "nobody"}


def claims_of(answer: Any) -> api.access_token.Claims:
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    return api.TokenVerifier(API_KEY, API_SECRET).verify(answer.json()["participant_token"])


def test_the_answer_has_the_shape_clients_of_livekit_expect(client: TestClient) -> None:
    """201, snake_case fields, never cached; what is ours besides is ignored by them."""
    answer = client.post("/api/token", json={})
    assert answer.status_code == HTTPStatus.CREATED
    assert set(answer.json()) == {"server_url", "participant_token", "resume_token"}
    assert answer.json()["server_url"] == "ws://127.0.0.1:7880"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_lets_its_caller_speak_listen_and_type_and_nothing_else(
    client: TestClient,
) -> None:
    """Least grants: whatever is not named here is absent from the token."""
    token = client.post("/api/token", json={}).json()["participant_token"]
    grants = jwt.decode(token, API_SECRET, algorithms=["HS256"])["video"]
    room = grants.pop("room")
    assert room.startswith("call-")
    assert grants == {
        "roomJoin": True,
        "canPublish": True,
        "canPublishSources": ["microphone"],
        "canSubscribe": True,
        "canPublishData": True,
        "canUpdateOwnMetadata": False,
    }


def test_a_token_is_good_for_five_minutes(client: TestClient) -> None:
    """Long enough for a client's cache, too short to pass around."""
    token = client.post("/api/token", json={}).json()["participant_token"]
    claims = jwt.decode(token, API_SECRET, algorithms=["HS256"])
    assert claims["exp"] - claims["nbf"] == 300
    assert abs(claims["nbf"] - time.time()) < 5


def test_every_call_gets_a_room_and_an_identity_of_its_own(client: TestClient) -> None:
    """Two callers never meet, and neither can guess where the other is."""
    first, second = (claims_of(client.post("/api/token", json={})) for _ in range(2))
    assert first.video is not None
    assert second.video is not None
    assert first.video.room != second.video.room
    assert first.identity != second.identity
    assert len(first.video.room) >= len("call-") + 32


def test_our_agent_is_dispatched_with_the_callers_options_and_identity(
    client: TestClient,
) -> None:
    """The server builds the room: our agent, the options asked for, and whom to listen to."""
    body = {
        "participant_name": "Ada",
        "room_config": {"agents": [{"metadata": '{"pipeline": "realtime", "language": "de"}'}]},
    }
    claims = claims_of(client.post("/api/token", json=body))
    assert claims.name == "Ada"
    room = claims.room_config
    assert room is not None
    (agent,) = room.agents
    assert agent.agent_name == "parley"
    assert json.loads(agent.metadata) == {
        "pipeline": "realtime",
        "language": "de",
        "participant_identity": claims.identity,
    }
    assert room.max_participants == 2
    assert 0 < room.departure_timeout <= room.empty_timeout <= 60
    assert not room.HasField("egress")


def test_browsers_are_sent_to_the_public_address_of_the_server(
    client_of: Callable[..., TestClient],
) -> None:
    """A server known inside by another name is announced by the one browsers can reach."""
    client = client_of(PARLEY_LIVEKIT_PUBLIC_URL="https://calls.example.com")
    answer = client.post("/api/token", json={})
    assert answer.json()["server_url"] == "wss://calls.example.com"
    policy = answer.headers["Content-Security-Policy"]
    assert "connect-src 'self' wss://calls.example.com https://calls.example.com;" in policy


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"json": {"room_name": "lobby"}}, 422, "field_not_allowed"),
        ({"json": [1, 2]}, 422, "invalid_request"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "invalid_json"),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, "not_json"),
        ({"content": b"{}"}, 415, "not_json"),
        ({"json": {"participant_name": "x" * MAX_BODY_BYTES}}, 413, "body_too_large"),
        ({"content": b" " * (MAX_BODY_BYTES + 1)}, 413, "body_too_large"),
    ],
)
def test_a_refusal_is_a_code_and_a_sentence(
    client: TestClient, request_: dict[str, Any], status: int, code: str
) -> None:
    """Programs read the code, people the message; neither is ever cached."""
    answer = client.post("/api/token", **request_)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["message"].endswith(".")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_body_without_end_is_cut_off(client: TestClient) -> None:
    """A chunked body is read no further than the limit."""

    def endless() -> Any:
        for _ in range(10_000):
            yield b" " * 1024

    answer = client.post("/api/token", content=endless())
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_tokens_are_only_posted_for(client: TestClient, method: str) -> None:
    """A link or an image cannot fetch a token."""
    answer = client.request(method, "/api/token")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert answer.json() == {"code": "method_not_allowed", "message": "Method Not Allowed."}


def test_in_production_there_is_no_server_without_a_rule() -> None:
    """A deployment that forgot to say who may call lets nobody spend its money, and says so."""
    with pytest.raises(SettingsError, match="PARLEY_ADMISSION: is not set; say who may call"):
        create_app(web_settings(PARLEY_ENV="production"))
    with pytest.raises(SettingsError, match="PARLEY_ADMISSION: must not be everyone"):
        create_app(web_settings(PARLEY_ENV="production", PARLEY_ADMISSION="everyone"))


def test_a_server_may_give_calls_to_nobody(client_of: Callable[..., TestClient]) -> None:
    """One that only shows records, for example."""
    answer = client_of(**PRODUCTION).post("/api/token", json={})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["code"] == "no_admission_rule"


def test_in_production_the_operators_rule_decides() -> None:
    """The rule sees the request and admits or refuses with its own words."""

    async def members_only(request: Request) -> Admitted:
        if request.headers.get("Authorization") != "Bearer member":
            raise Refusal(HTTPStatus.UNAUTHORIZED, "not_signed_in", "Please sign in.")
        return Admitted("ada")

    app = create_app(web_settings(**PRODUCTION), admission=members_only)
    client = TestClient(app)
    assert client.post("/api/token", json={}).json()["message"] == "Please sign in."
    claims_of(client.post("/api/token", json={}, headers={"Authorization": "Bearer member"}))


def test_other_sites_may_ask_only_when_listed(client_of: Callable[..., TestClient]) -> None:
    """No origin by default; a listed one passes the browser's preflight, another does not."""
    preflight = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    closed = client_of()
    assert (
        "Access-Control-Allow-Origin" not in closed.options("/api/token", headers=preflight).headers
    )
    opened = client_of(PARLEY_WEB_CORS_ORIGINS="https://shop.example.com")
    allowed = opened.options("/api/token", headers=preflight)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    stranger = opened.options("/api/token", headers={**preflight, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in stranger.headers


FIELDS = [
    f"{head}_{tail}"
    for head in ("room", "participant")
    for tail in ("name", "identity", "metadata")
] + [
    "participant_attributes",
    "room_config",
    "roomConfig",
    "agents",
    "agent_name",
    "metadata",
    "egress",
]
KEYS = st.sampled_from(FIELDS) | st.text(max_size=20)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
BODIES = st.binary(max_size=400) | JSON_VALUES.map(lambda value: json.dumps(value).encode())


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_no_body_breaks_the_endpoint_or_draws_a_secret_from_it(
    client: TestClient, body: bytes
) -> None:
    """Whatever is posted is a token or a short refusal, and no answer holds a key."""
    answer = client.post(
        "/api/token", content=body, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert answer.status_code in (201, 400, 422)
    if answer.status_code != HTTPStatus.CREATED:
        assert len(answer.content) == BODY_BYTES
    for secret in (API_SECRET, ENVIRONMENT["OPENAI_API_KEY"]):
        assert secret not in answer.text
