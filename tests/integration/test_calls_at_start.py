"""Calls that come while the worker starts, and a worker that starts before its server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from livekit import rtc

from agent.dispatch import offer_waiting_calls
from agent.settings import load_settings
from tests.caller.agent import agent_token
from tests.caller.driver import Caller
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker


async def test_worker_that_starts_before_the_server(
    run_folder: Path, provider: SandboxProvider
) -> None:
    """A worker whose server is not up yet keeps trying, registers when it comes, takes a call."""
    server = LiveKitServer(run_folder, name="late-livekit-server")
    env = {**server.env, **provider.env}
    with Worker(run_folder, env, name="early-worker") as worker:
        await asyncio.to_thread(worker.wait_for_line, "failed to connect to livekit", 60.0)
        with server:
            await asyncio.to_thread(worker.wait_until_registered)
            async with Caller(server.url, logs=[worker, server]).call() as call:
                assert "how can I help you" in (await call.greeting()).words


async def test_caller_who_joined_before_there_was_a_worker(
    run_folder: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """Who waits in the room already gets the agent when a worker comes, and only one."""
    env = {**livekit_server.env, **provider.env, "LIVEKIT_AGENT_NAME": "awaited"}
    workers = [Worker(run_folder, env, name=f"awaited-worker-{i}") for i in range(2)]
    caller = Caller(livekit_server.url, logs=workers, agent_name="awaited")
    async with caller.call() as call:
        with workers[0], workers[1]:
            for worker in workers:
                await asyncio.to_thread(worker.wait_until_registered)
            assert "how can I help you" in (await call.greeting()).words
            assert sum(worker.active_jobs() for worker in workers) == 1


async def test_caller_who_joins_while_the_worker_starts(
    run_folder: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """Who calls in the moment of registration, while the worker still warms up, gets the agent."""
    env = {**livekit_server.env, **provider.env, "LIVEKIT_AGENT_NAME": "fresh"}
    with Worker(run_folder, env, name="fresh-worker") as worker:
        await asyncio.to_thread(worker.wait_until_registered)
        caller = Caller(livekit_server.url, logs=[worker], agent_name="fresh")
        async with caller.call() as call:
            assert "how can I help you" in (await call.greeting()).words


async def test_a_call_that_an_agent_has_taken_is_not_offered_again(
    livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """Also where the server does not know yet that it was taken: two agents would talk at once."""
    env = {**livekit_server.env, **provider.env, "LIVEKIT_AGENT_NAME": "taken"}
    settings = load_settings(env).livekit
    async with Caller(livekit_server.url, agent_name="taken").call() as call:
        agent = rtc.Room()
        await agent.connect(livekit_server.url, agent_token(call.room_name))
        assert await offer_waiting_calls(settings) == 0
        await agent.disconnect()
        assert await offer_waiting_calls(settings) == 1
