"""Faults that leave the connection standing: answers without content, and single responses."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from pydantic import ValidationError

from agent.sandbox.script import Fault, Plan
from tests.integration.sandbox.conftest import Sandbox
from tests.integration.sandbox.realtime_talk import sound, talk_with, types

HELLO: list[Any] = [{"role": "user", "content": "Hello."}]


def befall(sandbox: Sandbox, on: str, kind: str, **details: object) -> None:
    fault = Fault.model_validate({"on": on, "kind": kind, **details})
    sandbox.script.load(Plan(faults=(fault,)))


async def test_a_stream_is_kept_alive_without_a_token(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """Comments come, chunks do not."""
    befall(sandbox, "chat", "keep_alive")
    stream = await client.chat.completions.create(model="any", messages=HELLO, stream=True)
    async with stream:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 1.2)


async def test_an_empty_answer_is_in_due_form(sandbox: Sandbox, client: openai.AsyncOpenAI) -> None:
    """A stream without chunks, and audio without a sample."""
    befall(sandbox, "chat", "empty")
    stream = await client.chat.completions.create(model="any", messages=HELLO, stream=True)
    assert [chunk async for chunk in stream] == []
    befall(sandbox, "speech", "empty")
    speech = await client.audio.speech.create(
        model="any", voice="alloy", input="Hello.", response_format="pcm"
    )
    assert await speech.aread() == b""


async def test_a_fault_befalls_the_next_response_of_an_open_connection(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """The response before it was whole; in it, the connection drops after so many events."""
    async with talk_with(client) as talk:
        await talk.say("Hello.")
        assert types(await talk.respond())[-1] == "response.done"
        befall(sandbox, "response", "drop", after_events=2)
        await talk.say("Hello again.")
        with pytest.raises(Exception, match=r"close frame"):
            await talk.respond()
    assert sandbox.script.taken["faults"] == 1


async def test_a_response_may_go_without_its_audio(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """All other events come, and the response after it sounds again."""
    async with talk_with(client) as talk:
        befall(sandbox, "response", "empty")
        await talk.say("Hello.")
        events = await talk.respond()
        assert sound(events) == b""
        assert "response.output_audio_transcript.done" in types(events)
        await talk.say("Hello again.")
        assert sound(await talk.respond())


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "realtime", "kind": "empty"},
        {"on": "response", "kind": "status"},
        {"on": "response", "kind": "drop", "after_s": 1},
    ],
)
def test_a_fault_must_fit_its_endpoint(fault: dict[str, object]) -> None:
    """What could not happen there is refused when the script is read."""
    with pytest.raises(ValidationError):
        Fault.model_validate(fault)
