"""Back into a running call: who may, and who may not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit import api, rtc

from agent.settings import load_settings
from agent.web.admission import Admitted
from agent.web.app import create_app
from agent.web.refusals import BODY_BYTES
from tests.caller.stack import API_SECRET as SERVER_SECRET
from tests.caller.stack import LiveKitServer
from tests.integration.web.conftest import API_KEY, API_SECRET, ENVIRONMENT, web_settings
from tests.integration.web.test_admission import KEY, bearer
from tests.integration.web.test_token_endpoint import BODIES

HOUR_S = 3600


def resume(client: TestClient, resume_token: Any) -> Any:
    return client.post("/api/token/resume", json={"resume_token": resume_token})


def begun(client: TestClient) -> dict[str, str]:
    answer: dict[str, str] = client.post("/api/token", json={"participant_name": "Ada"}).json()
    return answer


def resigned(token: str, secret: str = API_SECRET, **changes: Any) -> str:
    """A token with some claims changed, signed anew."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**claims, **changes}, secret, algorithm="HS256")


def tampered(token: str) -> str:
    """Another room under the old signature."""
    header, _, signature = token.split(".")
    room = {"video": {"room": "call-of-somebody-else", "roomJoin": False}}
    payload = resigned(token, **room).split(".")[1]
    return ".".join((header, payload, signature))


def unsigned(token: str) -> str:
    """The same claims under the algorithm `none`."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none")


@pytest.fixture
def on_server(livekit_server: LiveKitServer) -> TestClient:
    """A client of a web server whose LiveKit server runs."""
    return TestClient(create_app(load_settings({**ENVIRONMENT, **livekit_server.env})))


@pytest.fixture
async def rooms(livekit_server: LiveKitServer) -> AsyncIterator[api.room_service.RoomService]:
    """The rooms of that LiveKit server."""
    async with api.LiveKitAPI(
        livekit_server.url, livekit_server.env["LIVEKIT_API_KEY"], SERVER_SECRET
    ) as server:
        yield server.room


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def room_of(token: str) -> str:
    return str(claims_of(token)["video"]["room"])


async def test_a_running_call_takes_its_caller_back(
    on_server: TestClient, rooms: api.room_service.RoomService
) -> None:
    """The same room, identity and name, the least grants, and no second agent."""
    first = begun(on_server)
    await rooms.create_room(api.CreateRoomRequest(name=room_of(first["participant_token"])))
    answer = resume(on_server, first["resume_token"])
    assert answer.status_code == HTTPStatus.CREATED
    assert answer.headers["Cache-Control"] == "no-store"
    before, after = (
        jwt.decode(a["participant_token"], SERVER_SECRET, algorithms=["HS256"])
        for a in (first, answer.json())
    )
    assert [after[k] for k in ("sub", "name", "video")] == [
        before[k] for k in ("sub", "name", "video")
    ]
    assert after["exp"] - after["nbf"] == 300
    assert "roomConfig" not in after
    again = resume(on_server, answer.json()["resume_token"])
    assert again.status_code == HTTPStatus.CREATED


async def test_a_call_that_is_over_takes_nobody_back(
    on_server: TestClient, rooms: api.room_service.RoomService
) -> None:
    """Before its room was opened and after it was closed there is no call to come back to."""
    first = begun(on_server)
    room = room_of(first["participant_token"])
    assert resume(on_server, first["resume_token"]).status_code == HTTPStatus.GONE
    await rooms.create_room(api.CreateRoomRequest(name=room))
    await rooms.delete_room(api.DeleteRoomRequest(room=room))
    answer = resume(on_server, first["resume_token"])
    assert answer.status_code == HTTPStatus.GONE
    assert answer.json()["code"] == "call_ended"
    assert not (await rooms.list_rooms(api.ListRoomsRequest(names=[room]))).rooms


async def test_the_same_seat_is_had_again_before_and_in_its_call(
    on_server: TestClient, rooms: api.room_service.RoomService
) -> None:
    """A token that has expired before it was used is renewed for the same room, with the agent; in
    a call that goes on it brings no second one. The proof may come in the body or in a header.
    """
    first = begun(on_server)
    room, seat = room_of(first["participant_token"]), claims_of(first["participant_token"])["sub"]
    body = {"resume_token": first["resume_token"], "roomName": room, "participantIdentity": seat}
    before = on_server.post("/api/token", json=body)
    await rooms.create_room(api.CreateRoomRequest(name=room))
    headers = {"Parley-Resume-Token": first["resume_token"]}
    during = on_server.post("/api/token", headers=headers)
    for answer in (before, during):
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        claims = claims_of(answer.json()["participant_token"])
        assert (claims["video"]["room"], claims["sub"], claims["name"]) == (room, seat, "Ada")
        assert ("roomConfig" in claims) is (answer is before)


@pytest.mark.parametrize("field", ["room_name", "participantIdentity"])
def test_no_proof_is_good_for_another_seat(client: TestClient, field: str) -> None:
    """Nor does a made-up one let a client name a room."""
    proof = begun(client)["resume_token"]
    answer = client.post("/api/token", json={"resume_token": proof, field: "lobby"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_seat")
    made_up = client.post("/api/token", json={"resume_token": "x", field: "lobby"})
    assert (made_up.status_code, made_up.json()["code"]) == (403, "not_resumable")


def test_a_seat_is_for_whom_it_was_given_to() -> None:
    """Another's proof and a pass of one's own do not open the other's call."""
    rule = {"PARLEY_ADMISSION": "link", "PARLEY_LINK_KEYS": KEY}
    client = TestClient(create_app(web_settings(**rule)))
    proof = client.post("/api/token", headers=bearer(Admitted("ada"))).json()["resume_token"]
    for path in ("/api/token", "/api/token/resume"):
        for other in (Admitted("bob"), Admitted("ada", "acme"), Admitted()):
            answer = client.post(path, json={"resume_token": proof}, headers=bearer(other))
            assert answer.json()["code"] == "not_resumable"
        own = client.post(path, json={"resume_token": proof}, headers=bearer(Admitted("ada")))
        assert own.json()["code"] == "call_server_unreachable"  # so it was asked about the call


async def test_a_resume_token_opens_no_room(
    on_server: TestClient, livekit_server: LiveKitServer
) -> None:
    """LiveKit lets nobody in with it, so it is of no use beside this server."""
    with pytest.raises(rtc.ConnectError):
        await rtc.Room().connect(livekit_server.url, begun(on_server)["resume_token"])


@pytest.mark.parametrize(
    "forge",
    [
        lambda first: first["participant_token"],
        lambda first: resigned(first["resume_token"], secret="another-key-of-thirty-two-letters"),
        lambda first: resigned(first["resume_token"], iss="another-key"),
        lambda first: tampered(first["resume_token"]),
        lambda first: unsigned(first["resume_token"]),
        lambda first: resigned(first["resume_token"], exp=1),
        lambda first: resigned(first["resume_token"], video={"roomJoin": False}),
        lambda first: resigned(first["resume_token"], sub=""),
        lambda first: first["resume_token"][:-9],
        lambda _: "",
        lambda _: "\x00.\udcff.é",
    ],
    ids=[
        "token to join",
        "another key",
        "another issuer",
        "tampered room",
        "unsigned",
        "expired",
        "no room",
        "no identity",
        "cut off",
        "empty",
        "no token",
    ],
)
def test_only_this_servers_own_proof_is_taken(client: TestClient, forge: Any) -> None:
    """Whatever else is shown is refused before LiveKit is asked about any room."""
    answer = client.post(
        "/api/token/resume",
        content=json.dumps({"resume_token": forge(begun(client))}),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) in (
        (HTTPStatus.FORBIDDEN, "not_resumable"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request"),
    )


def test_a_proof_lasts_for_hours_and_not_for_ever(client: TestClient) -> None:
    """A caller of half an hour may still come back; a token that leaked is dead by tomorrow."""
    claims = jwt.decode(begun(client)["resume_token"], API_SECRET, algorithms=["HS256"])
    assert HOUR_S <= claims["exp"] - claims["nbf"] <= 6 * HOUR_S
    assert claims["iss"] == API_KEY


@pytest.mark.parametrize("body", [{}, {"resume_token": 7}, {"resume_token": "x", "room": "y"}, []])
def test_a_client_chooses_neither_room_nor_identity(client: TestClient, body: Any) -> None:
    """The body holds the proof and nothing else."""
    answer = client.post("/api/token/resume", json=body)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_without_a_livekit_server_the_caller_may_try_again(client: TestClient) -> None:
    """A server that cannot say whether the call goes on is not taken for its end."""
    answer = resume(client, begun(client)["resume_token"])
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_the_rule_of_admission_holds_for_coming_back() -> None:
    """Whom a deployment does not admit it does not admit a second time."""
    token = begun(TestClient(create_app(web_settings())))["resume_token"]
    client = TestClient(create_app(web_settings(PARLEY_ADMISSION="nobody")))
    assert resume(client, token).json()["code"] == "no_admission_rule"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES | st.text().map(lambda text: json.dumps({"resume_token": text}).encode()))
def test_no_body_opens_a_call(client: TestClient, body: bytes) -> None:
    """Whatever is posted without a proof is refused, and no answer holds a key."""
    answer = client.post(
        "/api/token/resume", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (403, 422)
    assert len(answer.content) == BODY_BYTES
    assert API_SECRET not in answer.text
