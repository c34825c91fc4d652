"""Calls that cannot be served: the caller hears a sentence and the call ends, never silence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from livekit import api

from tests.caller.driver import Call, Caller
from tests.caller.expectations import ASK_HOURS
from tests.caller.processes import free_port
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.conftest import in_each_pipeline

BAD_METADATA = ("{", '{"persona": "nobody"}', '{"pipelines": "cascade"}')


@pytest.fixture(scope="module")
def worker_without_provider(run_folder: Path, livekit_server: LiveKitServer) -> Iterator[Worker]:
    """A worker whose provider's port nobody listens on; its agent name is `stranded`."""
    env = {
        **livekit_server.env,
        "LIVEKIT_AGENT_NAME": "stranded",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1",
        "OPENAI_API_KEY": "sk-nobody-asks",
    }
    with Worker(run_folder, env, name="worker-without-provider") as worker:
        worker.wait_until_registered()
        yield worker


async def hears_apology_and_end(call: Call) -> None:
    """The caller hears the apology to its last word, perhaps after being asked to say it again, and
    the call is over.
    """
    words = (await call.reply(deadline_s=40.0)).words
    for _ in range(8):
        if call.ended or "goodbye" in words:
            break
        if "say that again" in words:
            await call.say(ASK_HOURS)
        words = (await call.reply(deadline_s=10.0)).words
    assert "sorry" in words
    assert "cannot take this call" in words
    assert "goodbye" in words
    await call.wait_until_ended()


async def is_turned_away(caller: Caller, metadata: Mapping[str, Any] | str) -> None:
    """Call, and be told that it cannot be."""
    async with caller.call(metadata) as call:
        await hears_apology_and_end(call)


async def test_malformed_metadata(caller: Caller) -> None:
    """Job metadata that cannot be used, of three kinds: a sentence and the end, each time."""
    await asyncio.gather(*(is_turned_away(caller, metadata) for metadata in BAD_METADATA))


async def test_oversized_metadata(caller: Caller) -> None:
    """A megabyte of job metadata is refused by the server; half a megabyte, which it lets through,
    gets the caller a sentence and the end.
    """
    async with caller.call(dispatched=False) as call:
        with pytest.raises(api.ServerError, match="exceeds limits"):
            await caller.dispatch(call.room_name, "x" * 1_000_000)
        await caller.dispatch(call.room_name, '{"voice": "' + "x" * 500_000 + '"}')
        await hears_apology_and_end(call)


async def test_unreachable_provider(
    livekit_server: LiveKitServer, worker_without_provider: Worker
) -> None:
    """With nobody at the provider's address the caller hears a sentence and the call ends."""
    caller = Caller(livekit_server.url, logs=[worker_without_provider], agent_name="stranded")
    await in_each_pipeline(lambda pipeline: is_turned_away(caller, {"pipeline": pipeline}))


@pytest.mark.parametrize("status", [401, 500])
async def test_refusing_provider(caller: Caller, provider: SandboxProvider, status: int) -> None:
    """A provider that refuses every request: the caller hears a sentence and the call ends."""
    provider.play(faults=refusals(status))
    await in_each_pipeline(lambda pipeline: is_turned_away(caller, {"pipeline": pipeline}))


async def test_provider_that_fails_in_mid_call(caller: Caller, provider: SandboxProvider) -> None:
    """A provider that begins to refuse after the greeting: a sentence, and the call ends."""
    async with caller.call({"pipeline": "cascade"}) as call:
        await call.greeted()
        provider.play(faults=refusals(500))
        await call.say(ASK_HOURS)
        await hears_apology_and_end(call)


def refusals(status: int) -> list[dict[str, object]]:
    """A script in which every endpoint answers every request with this status."""
    endpoints = ("realtime", "chat", "speech", "transcriptions")
    return [{"on": on, "kind": "status", "status": status, "times": 0} for on in endpoints]
