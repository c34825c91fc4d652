"""The realtime socket itself: upgrades, bad frames, scripted faults, and how connections end."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import openai
import pytest
from aiohttp import ClientSession, WSMsgType, web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from agent.sandbox.app import serve
from agent.sandbox.provider import PROVIDER
from agent.sandbox.realtime.endpoint import serve as serve_realtime
from agent.sandbox.script import Plan
from tests.integration.sandbox.conftest import Sandbox, StartSandbox
from tests.integration.sandbox.realtime_talk import pcm, talk_with

_PATIENCE_S = 20
_SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


@asynccontextmanager
async def raw(sandbox: Sandbox, **options: Any) -> AsyncIterator[ClientConnection]:
    """A bare socket on a session."""
    url = f"{sandbox.ws_url}/realtime?model=gpt-realtime"
    async with connect(url, max_size=None, **options) as socket:
        yield socket


async def receive(socket: ClientConnection) -> dict[str, Any]:
    """The next event, which must be valid."""
    async with asyncio.timeout(_PATIENCE_S):
        event: dict[str, Any] = json.loads(await socket.recv())
    _SERVER_EVENT.validate_python(event)
    return event


def befall(sandbox: Sandbox, kind: str, **fault: object) -> None:
    """Script one fault of the realtime endpoint."""
    plan = {"faults": [{"on": "realtime", "kind": kind, **fault}]}
    sandbox.script.load(Plan.model_validate(plan))


BAD_FRAMES = [
    ("not json", "invalid_json", None),
    ('{"type": "response.create"', "invalid_json", None),
    ('{"type": NaN}', "invalid_json", None),
    ("[" * 10_000, "invalid_json", None),
    ('"\\ud800"', "invalid_json", None),
    ('{"type": "session.update", "n": 1e999}', "invalid_json", None),
    ("[1, 2]", "invalid_event", None),
    (b"\x00\x01\x02", "invalid_event", None),
    ("{}", "missing_required_parameter", "type"),
    ('{"type": "no.such.event"}', "invalid_value", "type"),
    ('{"type": ["session.update"]}', "invalid_value", "type"),
    ('{"type": "output_audio_buffer.clear"}', "invalid_value", "type"),
    ('{"type": "input_audio_buffer.append"}', "missing_required_parameter", "audio"),
    ('{"type": "input_audio_buffer.append", "audio": 7}', "invalid_type", "audio"),
    ('{"type": "session.update"}', "missing_required_parameter", "session"),
    ('{"type": "session.update", "session": {}}', "missing_required_parameter", "session.type"),
    (
        '{"type": "session.update", "session": {"type": "realtime", "color": "red"}}',
        "unknown_parameter",
        "session.color",
    ),
    (
        '{"type": "session.update", "session": {"type": "realtime", "tools": [{"type":'
        ' "function"}]}}',
        "missing_required_parameter",
        "session.tools[0].name",
    ),
    (
        '{"type": "session.update", "session": {"type": "realtime", "audio": {"output":'
        ' {"speed": 9}}}}',
        "invalid_value",
        "session.audio.output.speed",
    ),
    (
        '{"type": "session.update", "session": {"type": "realtime", "output_modalities":'
        ' ["text", "audio"]}}',
        "invalid_value",
        "session.output_modalities",
    ),
    ('{"type": "conversation.item.create"}', "missing_required_parameter", "item"),
    (
        '{"type": "conversation.item.create", "item": {"type": "message", "role": "user",'
        ' "content": [{"type": "input_text"}]}}',
        "missing_required_parameter",
        "item.content[0].text",
    ),
    (
        '{"type": "conversation.item.create", "item": {"type": "message", "role": "user",'
        ' "content": [{"type": "output_text", "text": "hi"}]}}',
        "invalid_value",
        "item.content[0].type",
    ),
    (
        '{"type": "response.create", "response": {"max_output_tokens": 0}}',
        "invalid_value",
        "response.max_output_tokens",
    ),
    (
        '{"type": "response.create", "response": {"conversation": "other"}}',
        "invalid_value",
        "response.conversation",
    ),
    (
        '{"type": "response.create", "response": {"input": [{"type": "item_reference", "id":'
        ' "gone"}]}}',
        "invalid_value",
        "response.input",
    ),
]


@pytest.mark.parametrize(("frame", "code", "param"), BAD_FRAMES)
async def test_a_bad_frame_is_answered_with_its_fault(
    sandbox: Sandbox, frame: str | bytes, code: str, param: str | None
) -> None:
    """The error names code and parameter as OpenAI does, and the session works as before."""
    async with raw(sandbox) as socket:
        await receive(socket)
        await socket.send(frame)
        error = (await receive(socket))["error"]
        assert (error["type"], error["code"], error["param"]) == (
            "invalid_request_error",
            code,
            param,
        )
        await socket.send('{"type": "session.update", "session": {"type": "realtime"}}')
        assert (await receive(socket))["type"] == "session.updated"


async def test_an_append_beyond_15_mib_is_refused(sandbox: Sandbox) -> None:
    """A frame with too much audio is refused, and the connection survives it."""
    async with raw(sandbox) as socket:
        await receive(socket)
        audio = base64.b64encode(bytes(15 * 1024 * 1024 + 2)).decode()
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        error = (await receive(socket))["error"]
        assert (error["code"], error["param"]) == ("string_above_max_length", "audio")
        await socket.send('{"type": "input_audio_buffer.clear"}')
        assert (await receive(socket))["type"] == "input_audio_buffer.cleared"


def message(role: str, *content: dict[str, Any]) -> dict[str, Any]:
    """A message item."""
    return {"type": "message", "role": role, "content": list(content)}


VALID = [
    {
        "type": "session.update",
        "event_id": "e",
        "session": {
            "type": "realtime",
            "instructions": "Be brief.",
            "output_modalities": ["text"],
            "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {}}],
            "tool_choice": {"type": "function", "name": "f"},
            "max_output_tokens": 50,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "noise_reduction": {"type": "near_field"},
                    "transcription": {"model": "whisper-1", "language": "en", "prompt": "p"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 500,
                        "idle_timeout_ms": 5000,
                        "create_response": True,
                        "interrupt_response": True,
                    },
                },
                "output": {"format": {"type": "audio/pcmu"}, "voice": "alloy", "speed": 1.0},
            },
        },
    },
    {"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(9600)).decode()},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {
        "type": "conversation.item.create",
        "previous_item_id": "root",
        "item": message("user", {"type": "input_text", "text": "Hello"}),
    },
    {
        "type": "conversation.item.create",
        "item": message("user", {"type": "input_audio", "audio": "AAAA" * 2, "transcript": "t"}),
    },
    {
        "type": "conversation.item.create",
        "item": message("assistant", {"type": "output_text", "text": "Hi"}),
    },
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
    },
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": "c", "output": "o"},
    },
    {"type": "conversation.item.delete", "item_id": "i"},
    {"type": "conversation.item.retrieve", "item_id": "i"},
    {
        "type": "conversation.item.truncate",
        "item_id": "i",
        "content_index": 0,
        "audio_end_ms": 10,
    },
    {
        "type": "response.create",
        "response": {
            "conversation": "none",
            "instructions": "Hi",
            "metadata": {"k": "v"},
            "input": [message("user", {"type": "input_text", "text": "Hello"})],
            "audio": {"output": {"voice": {"id": "v"}, "format": {"type": "audio/pcma"}}},
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
        },
    },
    {"type": "response.cancel", "response_id": "r"},
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["realtime", "message", "server_vad", "audio/pcm", "auto", "inf", "root"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@st.composite
def nearly_valid(draw: st.DrawFn) -> str:
    """A valid event in which one place is something else, gone, or new."""
    event = copy.deepcopy(draw(st.sampled_from(VALID)))
    here: Any = event
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = draw(st.sampled_from(keys)) if keys else None
        if key is None or not isinstance(here[key], dict | list) or draw(st.booleans()):
            break
        here = here[key]
    match draw(st.sampled_from(["replace", "remove", "add", "keep"])):
        case "replace" if key is not None:
            here[key] = draw(JSON)
        case "remove" if key is not None:
            del here[key]
        case "add" if isinstance(here, dict):
            here[draw(st.text(max_size=5))] = draw(JSON)
        case _:
            pass
    return json.dumps(event)


FRAMES = nearly_valid() | JSON.map(json.dumps) | st.text(alphabet='[]{}":,0a\\') | st.binary()


async def test_no_frame_kills_a_connection(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is sent, every answer is a valid event, no bug shows, and the next event works."""
    async with raw(sandbox) as socket:
        await receive(socket)
        loop = asyncio.get_running_loop()

        async def survive(frames: list[str | bytes]) -> None:
            for frame in frames:
                await socket.send(frame)
            await socket.send('{"type": "session.update", "session": {"type": "?"}}')
            while True:
                event = await receive(socket)
                if event["type"] == "error":
                    assert event["error"]["type"] == "invalid_request_error", event
                    if event["error"]["param"] == "session.type" and "'?'" in str(event):
                        return

        @settings(max_examples=200, suppress_health_check=list(HealthCheck), database=None)
        @given(st.lists(FRAMES, min_size=1, max_size=6))
        def attack(frames: list[str | bytes]) -> None:
            asyncio.run_coroutine_threadsafe(survive(frames), loop).result(_PATIENCE_S)

        await asyncio.to_thread(attack)
    assert not [r for r in caplog.records if r.name.startswith("agent.") and r.exc_info]


async def test_a_browser_brings_its_key_as_a_subprotocol(sandbox: Sandbox) -> None:
    """Browsers, which can send no header, get the subprotocol `realtime` back."""
    offered = ["realtime", "openai-insecure-api-key.any"]
    async with raw(sandbox, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        assert (await receive(socket))["type"] == "session.created"


async def test_a_key_is_asked_for_before_the_upgrade(start_sandbox: StartSandbox) -> None:
    """With a key set, another key gets 401 and no socket."""
    sandbox = await start_sandbox(api_key="right")
    with pytest.raises(InvalidStatus) as refused:
        async with raw(sandbox, additional_headers={"Authorization": "Bearer wrong"}):
            pass
    assert refused.value.response.status_code == 401
    async with raw(sandbox, additional_headers={"Authorization": "Bearer right"}) as socket:
        assert (await receive(socket))["type"] == "session.created"


async def test_the_beta_protocol_is_refused(sandbox: Sandbox) -> None:
    """A client of the beta API learns so from an error event and the close that follows."""
    async with raw(sandbox, additional_headers={"OpenAI-Beta": "realtime=v1"}) as socket:
        assert (await receive(socket))["error"]["code"] == "beta_api_shape_disabled"
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4000


async def test_a_session_expires(sandbox: Sandbox) -> None:
    """At the end of its time a session says so and closes."""
    app = web.Application()
    app[PROVIDER] = sandbox.app[PROVIDER]
    app.router.add_get("/v1/realtime", partial(serve_realtime, lifetime_s=0.2))
    runner, port = await serve(app, host="127.0.0.1", port=0)
    async with connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
        await receive(socket)
        assert (await receive(socket))["error"]["code"] == "session_expired"
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    await runner.cleanup()


async def test_connections_leave_nothing_behind(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """However a connection ends, in the middle of speech, hearing and timers, no task survives."""
    reply = {"text": "A long tale of the sea. " * 10, "times": 0}
    async with ClientSession() as warm, warm.get(f"{sandbox.base_url}/models") as answer:
        await answer.read()
    before = asyncio.all_tasks()
    for is_orderly in (True, False):
        sandbox.script.load(Plan.model_validate({"replies": [reply]}))
        async with talk_with(client) as talk:
            await talk.hear(pcm("Hello there.", silence_s=1))
            await talk.send("response.create", response={"conversation": "none"})
            await talk.wait_for("response.output_audio.delta")
            if not is_orderly:
                talk.connection._connection.transport.abort()
    _, surviving = await asyncio.wait(asyncio.all_tasks() - before, timeout=5)
    assert not surviving


async def test_a_scripted_status_refuses_the_upgrade(sandbox: Sandbox) -> None:
    """The connection fails with the status; the next one is served."""
    befall(sandbox, "status", status=429, retry_after_s=2)
    with pytest.raises(InvalidStatus) as refused:
        async with raw(sandbox):
            pass
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "2"
    assert json.loads(refused.value.response.body)["error"]["code"] == "rate_limit_exceeded"
    async with raw(sandbox) as socket:
        await receive(socket)


async def test_a_scripted_hang_says_nothing(sandbox: Sandbox) -> None:
    """The connection is accepted, and stays silent until the client leaves."""
    befall(sandbox, "hang")
    async with raw(sandbox) as socket:
        await socket.send('{"type": "session.update", "session": {"type": "realtime"}}')
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await socket.recv()


async def test_scripted_garbage_interrupts_once(sandbox: Sandbox) -> None:
    """Broken JSON and an unknown event come after the events counted out, then all is well."""
    befall(sandbox, "garbage", after_events=1)
    async with raw(sandbox) as socket:
        await receive(socket)
        await socket.send('{"type": "input_audio_buffer.clear"}')
        with pytest.raises(json.JSONDecodeError):
            json.loads(await socket.recv())
        assert json.loads(await socket.recv())["type"] == "sandbox.garbage"
        assert (await receive(socket))["type"] == "input_audio_buffer.cleared"


@pytest.mark.parametrize("when", [{"after_events": 2}, {"after_s": 0.5}])
@pytest.mark.parametrize(("kind", "code"), [("drop", 1006), ("close", 1001)])
async def test_a_scripted_end(
    sandbox: Sandbox, kind: str, code: int, when: dict[str, float]
) -> None:
    """A drop is a TCP connection gone, a close says 1001; both after so many events or seconds."""
    befall(sandbox, kind, **when)
    async with ClientSession() as http, http.ws_connect(f"{sandbox.base_url}/realtime") as socket:
        for _ in range(3):
            await socket.send_json({"type": "input_audio_buffer.clear"})
        received = []
        while (message := await socket.receive(_PATIENCE_S)).type is WSMsgType.TEXT:
            received.append(message.json()["type"])
    assert socket.close_code == code
    assert len(received) == (2 if "after_events" in when else 4)


async def test_a_half_open_connection_is_deaf_and_dumb(sandbox: Sandbox) -> None:
    """After its event nothing is read, written or answered, pings included, and TCP stays up."""
    befall(sandbox, "half_open", after_events=1)
    async with raw(sandbox, ping_interval=None, close_timeout=0.1) as socket:
        await receive(socket)
        await socket.send('{"type": "input_audio_buffer.clear"}')
        answer = asyncio.ensure_future(socket.recv())
        pong = await socket.ping()
        _, silent = await asyncio.wait([answer, asyncio.ensure_future(pong)], timeout=0.3)
        assert len(silent) == 2
        assert not socket.transport.is_closing()
        answer.cancel()
