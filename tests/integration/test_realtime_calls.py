"""Realtime calls in a real room whose way to the provider breaks: what does the caller hear?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.caller.driver import Caller
from tests.caller.expectations import ANSWERS, ASK_HOURS, ASK_STORY, HEAR_HOURS, STORY
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.realtime_link.cable import Cable

REST = "And that is the end of the story."


@dataclass(frozen=True, slots=True)
class Line:
    """A caller of a worker, and the cable from that worker to its provider."""

    caller: Caller
    cable: Cable


@pytest.fixture
async def line(
    tmp_path: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> AsyncIterator[Line]:
    """A worker of its own, which reaches the provider by a cable."""
    name = "parley-on-a-cable"
    async with Cable(provider.port) as cable:
        env = {
            **livekit_server.env,
            **provider.env,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{cable.port}/v1",
            "LIVEKIT_AGENT_NAME": name,
            "PARLEY_PIPELINE": "realtime",
        }
        worker = Worker(tmp_path, env)
        await asyncio.to_thread(worker.start)
        try:
            await asyncio.to_thread(worker.wait_until_registered)
            yield Line(Caller(livekit_server.url, [worker, provider], name), cable)
        finally:
            await asyncio.to_thread(worker.stop)


async def test_a_story_goes_on_after_its_connection_broke(
    line: Line, provider: SandboxProvider
) -> None:
    """The caller hears the beginning and the rest, once each, without a long silence between."""
    async with line.caller.call({"pipeline": "realtime"}) as call:
        await call.greeting()
        provider.play(replies=[{**STORY[0], "times": 1}, {"text": REST}])
        await call.say(ASK_STORY)
        await call.wait_for_caption("agent", "There was a river")
        line.cable.cut()
        reply = await call.reply(quiet_s=2.5)
        assert "river" in reply.words
        assert "end of the story" in reply.words
        captions = " ".join(caption.text for caption in call.captions.of("agent"))
        assert captions.count("There was a river") == 1
        assert captions.count("end of the story") == 1


async def test_a_question_to_a_frozen_provider_is_answered(
    line: Line, provider: SandboxProvider
) -> None:
    """A half-open connection is found and replaced before the caller takes it for a dead line."""
    provider.play(replies=ANSWERS)
    async with line.caller.call({"pipeline": "realtime"}) as call:
        await call.greeting()
        line.cable.freeze()
        utterance = await call.say(ASK_HOURS)
        reply = await call.reply()
        assert HEAR_HOURS in reply.words
        assert reply.started_s - utterance.last_sample_s < 4.0
