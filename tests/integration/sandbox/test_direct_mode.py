"""Direct mode from end to end without a browser: our server, the sandbox, and real sound."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from agent.direct_mode import direct_mode
from agent.settings import load_settings
from agent.web.app import create_app
from tests.integration.sandbox.conftest import Sandbox, StartSandbox
from tests.integration.sandbox.rtc_talk import rtc_talk

KEY = "the-operators-key"


@pytest.fixture
async def guarded(start_sandbox: StartSandbox) -> Sandbox:
    """A sandbox that insists on the operator's key."""
    return await start_sandbox(api_key=KEY)


@pytest.fixture
async def server(guarded: Sandbox, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of our web server, whose provider is the sandbox."""
    settings = load_settings(
        {
            "LIVEKIT_URL": "ws://127.0.0.1:9",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "a-secret-that-nothing-is-signed-with",
            "OPENAI_BASE_URL": guarded.base_url,
            "OPENAI_API_KEY": KEY,
            "PARLEY_DATABASE_URL": f"sqlite:///{tmp_path}/parley.sqlite3",
            "PARLEY_SPOOL_DIR": str(tmp_path / "spool"),
            "PARLEY_WEATHER": "climate",
        }
    )
    app = create_app(settings, direct=direct_mode(settings))
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://page") as http,
    ):
        yield http


async def test_a_spoken_question_is_answered_by_way_of_our_tool(
    server: httpx2.AsyncClient, guarded: Sandbox
) -> None:
    """The secret opens our session, the model calls our tool, and its answer is spoken."""
    begun = (await server.post("/api/realtime/client-secret", json={"language": "en"})).json()
    assert begun["calls_url"] == f"{guarded.base_url}/realtime/calls"
    async with rtc_talk(guarded.base_url, key=begun["value"]) as talk:
        assert "Parley" in talk.events[0]["session"]["instructions"]
        talk.send("response.create", response={"instructions": begun["first_words"]})
        greeting = await talk.until("output_audio_buffer.stopped")
        said = "".join(
            event["delta"] for event in greeting if event["type"].endswith("transcript.delta")
        )
        assert "How can I help you?" in said
        talk.microphone.say("What is the weather in Paris?")
        response = {"output": []}
        while not response["output"]:
            response = (await talk.until("response.done"))[-1]["response"]
        (call,) = [item for item in response["output"] if item["type"] == "function_call"]
        assert call["name"] == "weather"
        answer = await server.post(
            f"/api/realtime/tools/{call['name']}",
            json={"call_id": call["call_id"], "arguments": call["arguments"]},
            headers={"Authorization": f"Bearer {begun['call_token']}"},
        )
        output = answer.json()["output"]
        assert "Paris" in output
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
        talk.send("conversation.item.create", item=item)
        talk.send("response.create")
        spoken = await talk.until("response.output_audio_transcript.done")
        assert "degrees" in spoken[-1]["transcript"]
