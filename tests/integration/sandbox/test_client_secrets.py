"""Short-lived keys for browsers: what they hold, what they open, and until when."""

from __future__ import annotations

import time

import aiohttp
import openai
import pytest

from agent.sandbox.realtime.beginning import Beginning
from agent.sandbox.realtime.client_secrets import SECRETS, ClientSecrets
from tests.integration.sandbox.conftest import Sandbox, StartSandbox
from tests.integration.sandbox.realtime_talk import Talk

KEY = "the-key"
SESSION = {
    "type": "realtime",
    "model": "gpt-realtime",
    "instructions": "Be kind.",
    "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}}],
    "audio": {"output": {"voice": "cedar"}},
}


@pytest.fixture
async def guarded(start_sandbox: StartSandbox) -> Sandbox:
    """A sandbox that insists on its key."""
    return await start_sandbox(api_key=KEY)


async def test_the_answer_has_openais_form(guarded: Sandbox) -> None:
    """Openai's own client reads it: the value, when it expires, and the whole session."""
    async with guarded.client(KEY) as client:
        secret = await client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session=SESSION,  # type: ignore[arg-type]
        )
    assert secret.value.startswith("ek_")
    assert 55 <= secret.expires_at - time.time() <= 61
    assert secret.session.type == "realtime"
    assert secret.session.object == "realtime.session"
    assert secret.session.id.startswith("sess_")
    assert secret.session.instructions == "Be kind."
    assert secret.session.audio.output.voice == "cedar"  # type: ignore[union-attr]
    assert secret.session.tools[0].name == "weather"  # type: ignore[index, union-attr]


async def test_it_lasts_ten_minutes_unless_asked_otherwise(guarded: Sandbox) -> None:
    """OpenAI's default, for a session by default."""
    async with guarded.client(KEY) as client:
        secret = await client.realtime.client_secrets.create()
    assert 595 <= secret.expires_at - time.time() <= 601
    assert secret.session.type == "realtime"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 9}}, "expires_after.seconds"),
        ({"expires_after": {"seconds": 7201}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "now"}}, "expires_after.anchor"),
        ({"expires": 5}, "expires"),
        ({"session": {"type": "chat"}}, "session.type"),
        ({"session": {"type": "realtime", "voice": "cedar"}}, "session.voice"),
        ({"session": {"type": "realtime", "audio": {"output": {"speed": 9}}}}, "session.audio"),
    ],
)
async def test_what_cannot_be_is_refused(guarded: Sandbox, body: object, param: str) -> None:
    """With the parameter at fault."""
    async with guarded.client(KEY) as client:
        with pytest.raises(openai.BadRequestError) as refusal:
            await client.post("/realtime/client_secrets", cast_to=object, body=body)
    assert str(refusal.value.param).startswith(param)


async def test_it_opens_sessions_over_a_websocket_again_and_again(guarded: Sandbox) -> None:
    """As a bearer token, in the session that it was made for."""
    async with guarded.client(KEY) as client:
        made = await client.realtime.client_secrets.create(session=SESSION)  # type: ignore[arg-type]
    async with guarded.client(made.value) as client:
        for _ in range(2):
            async with client.realtime.connect(model="another") as connection:
                created = (await Talk(connection).next())["session"]
                assert created["instructions"] == "Be kind."
                assert created["model"] == "gpt-realtime"


@pytest.mark.parametrize("path", ["chat/completions", "realtime/client_secrets", "audio/speech"])
async def test_it_opens_nothing_else(guarded: Sandbox, path: str) -> None:
    """Neither another endpoint nor more keys."""
    async with guarded.client(KEY) as client:
        made = await client.realtime.client_secrets.create()
    async with guarded.client(made.value) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.post(f"/{path}", cast_to=object, body={})


async def test_one_that_is_none_is_refused_even_where_any_key_will_do(sandbox: Sandbox) -> None:
    """So that a page learns offline what it would learn from OpenAI."""
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": "Bearer ek_made_up", "Content-Type": "application/sdp"}
        url = f"{sandbox.base_url}/realtime/calls"
        async with http.post(url, data="v=0", headers=headers) as answer:
            assert answer.status == 401
            assert (await answer.json())["error"]["code"] == "invalid_api_key"


def test_one_that_has_expired_is_forgotten() -> None:
    """A key is good until its second, and not in it."""
    now = [1_000.0]
    secrets = ClientSecrets(lambda: now[0])
    made = secrets.give(Beginning(), lasts_s=60)
    now[0] = 1_059.9
    assert secrets.find(made.value) is made
    now[0] = 1_060.0
    assert secrets.find(made.value) is None


async def test_keys_are_kept_by_the_application(sandbox: Sandbox) -> None:
    """Each sandbox knows its own."""
    given = sandbox.app[SECRETS].give(Beginning(), lasts_s=60)
    assert sandbox.app[SECRETS].find(given.value) is given
    assert ClientSecrets().find(given.value) is None
