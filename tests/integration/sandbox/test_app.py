"""The application around the endpoints: keys, errors, health, and what hostile clients send."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.sandbox.app import WARMING
from agent.sandbox.ears import Ears, EarsError, FirstAvailableEars
from agent.sandbox.whisper import WhisperEars
from tests.integration.sandbox.conftest import Sandbox, StartSandbox

MALFORMED = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
POSTS = ["chat/completions", "audio/speech", "audio/transcriptions"]
VALID = {
    "chat/completions": {
        "model": "gpt-4.1-mini",
        "messages": [{"role": "user", "content": "hello"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "tool_choice": "auto",
        "stream": False,
        "stop": ["x"],
    },
    "audio/speech": {"model": "tts-1", "input": "hi", "voice": "alloy", "response_format": "pcm"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


async def post(sandbox: Sandbox, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
    """The status and body of an answer; an error's shape is checked."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{sandbox.base_url}/{path}", data=body, headers={"Content-Type": content_type}
        ) as response,
    ):
        answer = await response.read()
        if response.status >= 400:
            error = json.loads(answer)["error"]
            assert set(error) == {"message", "type", "param", "code"}
            assert error["message"]
        return response.status, answer


@MALFORMED
@given(path=st.sampled_from(POSTS), body=st.binary(max_size=200) | JSON.map(json.dumps))
async def test_any_body_gets_an_answer(sandbox: Sandbox, path: str, body: bytes | str) -> None:
    """Whatever bytes or JSON are posted, the answer is no server error."""
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    assert (await post(sandbox, path, data, "application/json"))[0] < 500


@MALFORMED
@given(data=st.data())
async def test_any_field_may_be_anything(sandbox: Sandbox, data: st.DataObject) -> None:
    """A request with any of its fields replaced, at any depth, is served or refused."""
    path = data.draw(st.sampled_from(sorted(VALID)))
    body: Any = json.loads(json.dumps(VALID[path]))
    place = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = inner
    status, _ = await post(sandbox, path, json.dumps(body).encode(), "application/json")
    assert status < 500


@MALFORMED
@given(body=st.binary(max_size=300), start=st.booleans())
async def test_any_form_gets_an_answer(sandbox: Sandbox, body: bytes, start: bool) -> None:
    """Whatever is posted as a multipart form, the answer is no server error."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    content_type = "multipart/form-data; boundary=b"
    status, _ = await post(
        sandbox, "audio/transcriptions", (head if start else b"") + body, content_type
    )
    assert 400 <= status < 500


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/models HTTP/1.1\r\n\r\n",
        b"",
    ],
)
async def test_bytes_that_are_no_request_harm_nobody(sandbox: Sandbox, raw: bytes) -> None:
    """A connection that does not speak HTTP, or stops in the middle, leaves the others served."""
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    writer.write(raw)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), timeout=5)
    writer.close()
    await writer.wait_closed()
    assert b"<html" not in answer.lower()
    assert b"Traceback" not in answer
    async with sandbox.client() as client:
        assert await client.models.list()


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","messages":' + b"[" * 100_000,
        b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"m","messages":[],"temperature":NaN}',
        b'{"model":"m","messages":[],"n":' + b"9" * 10_000 + b"}",
        b"\xff\xfe{}",
    ],
)
async def test_hostile_json_is_refused(sandbox: Sandbox, body: bytes) -> None:
    """Endless nesting, broken Unicode, NaN and huge numbers are a 400."""
    status, _ = await post(sandbox, "chat/completions", body, "application/json")
    assert status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/control", 404),
        ("PUT", "/v1/models", 405),
        ("GET", "/v1/chat/completions", 405),
    ],
)
async def test_errors_of_the_server_are_in_shape(
    sandbox: Sandbox, method: str, path: str, status: int
) -> None:
    """Unknown URLs and wrong methods are answered in OpenAI's shape too, with a request's id."""
    url = f"http://127.0.0.1:{sandbox.port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url) as response:
        assert response.status == status
        assert response.headers["x-request-id"].startswith("req_")
        error = (await response.json())["error"]
    assert path in error["message"]


async def test_a_wrong_key_is_refused(start_sandbox: StartSandbox) -> None:
    """When a key is set, only that key is served, on every endpoint."""
    sandbox = await start_sandbox(api_key="sk-right")
    async with sandbox.client("sk-right") as client:
        assert await client.models.list()
    async with sandbox.client("sk-wrong") as client:
        for request in (
            client.models.list(),
            client.chat.completions.create(model="m", messages=[]),
            client.audio.speech.create(model="m", voice="alloy", input="hi"),
            client.audio.transcriptions.create(model="m", file=b"x"),
        ):
            with pytest.raises(openai.AuthenticationError) as refusal:
                await request
            assert refusal.value.code == "invalid_api_key"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic sk-right", "sk-right"])
async def test_a_missing_key_is_refused(start_sandbox: StartSandbox, header: str | None) -> None:
    """Without a bearer token there is a 401, for the WebSocket too; health needs no key."""
    sandbox = await start_sandbox(api_key="sk-right")
    headers = {} if header is None else {"Authorization": header}
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in ("/v1/models", "/v1/realtime", "/v1/nothing"):
            async with session.get(f"http://127.0.0.1:{sandbox.port}{path}") as response:
                assert response.status == 401
        async with session.get(f"http://127.0.0.1:{sandbox.port}/healthz") as response:
            assert response.status in (200, 503)


async def test_a_browser_names_the_key_as_a_subprotocol(start_sandbox: StartSandbox) -> None:
    """A WebSocket whose subprotocols carry the key is accepted, as at OpenAI."""
    sandbox = await start_sandbox(api_key="sk-right")
    protocols = ("realtime", "openai-insecure-api-key.sk-right")
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{sandbox.ws_url}/realtime", protocols=protocols) as socket,
    ):
        assert (await socket.receive_json())["type"] == "session.created"


async def _settled_health(sandbox: Sandbox) -> tuple[int, dict[str, str]]:
    """The state of health once the engines are no longer starting."""
    await asyncio.wait([sandbox.app[WARMING]], timeout=20)
    return await _health(sandbox)


async def _health(sandbox: Sandbox) -> tuple[int, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{sandbox.port}/healthz") as response,
    ):
        return response.status, await response.json()


async def test_health_tells_when_speech_can_be_served(
    start_sandbox: StartSandbox, ears: Ears
) -> None:
    """The sandbox becomes healthy once its engines are loaded, and names them."""
    sandbox = await start_sandbox(ears=ears)
    engines = {"ears": "whisper model", "voices": "espeak-ng"}
    assert await _settled_health(sandbox) == (200, {"status": "ok", **engines})


async def test_without_ears_everything_else_is_served(
    start_sandbox: StartSandbox, tmp_path: object
) -> None:
    """When no recogniser can work, transcription is a 503 that says what to do; chat goes on."""
    ears = FirstAvailableEars([WhisperEars(str(tmp_path))])
    with pytest.raises(EarsError):
        await ears.warm()
    sandbox = await start_sandbox(ears=ears)
    async with sandbox.client() as client:
        with pytest.raises(openai.InternalServerError, match="--whisper-model") as refusal:
            silence = b"RIFF$\0\1\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\1\0"
            await client.audio.transcriptions.create(
                model="m", file=("a.wav", silence + bytes(65536))
            )
        assert refusal.value.status_code == 503
        assert await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hello"}]
        )
    status, health = await _settled_health(sandbox)
    assert (status, health["status"]) == (503, "failed")
