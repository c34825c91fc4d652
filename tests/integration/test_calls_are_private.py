"""What a call must not give away: to the cloud, or to other participants."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

from livekit import rtc
from livekit.agents.voice.remote_session import TOPIC_SESSION_MESSAGES
from livekit.protocol.agent_pb import agent_session

from tests.caller.driver import Call, Caller
from tests.caller.expectations import ANSWERS, ASK_PRICE, HEAR_PRICE
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.conftest import in_each_pipeline

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


async def test_calls_contact_nobody_but_server_and_provider(
    run_folder: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """In `dev` mode, where the framework's defaults pick LiveKit's cloud, a call in each pipeline
    looks up and connects to loopback alone.
    """
    provider.play(replies=ANSWERS)
    env = {**livekit_server.env, **provider.env, "LIVEKIT_AGENT_NAME": "watched"}
    argv = (sys.executable, "agent.py", "dev", "--only-worker")
    with Worker(run_folder, env, name="watched-worker", argv=argv) as worker:
        await asyncio.to_thread(worker.wait_until_registered)
        caller = Caller(livekit_server.url, logs=[worker], agent_name="watched")
        await in_each_pipeline(partial(asks_for_the_price, caller))
        assert "127.0.0.1" in worker.contacts()  # the witness sees
        assert worker.contacts() <= LOOPBACK


async def asks_for_the_price(caller: Caller, pipeline: str) -> None:
    """A call that needs all of a provider."""
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.say(ASK_PRICE)
        assert HEAR_PRICE in (await call.reply()).words


async def test_session_cannot_be_driven_by_participants(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """A participant who asks over the framework's session topic for prompt and tools, or tells the
    agent what to answer, gets nothing; the same question to a bare worker is answered.
    """
    provider.play(replies=ANSWERS)
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        answers = await attack(call)
        # Data arrives in order: once this is answered, the attack was received before it.
        await call.type(ASK_PRICE)
        assert HEAR_PRICE in (await call.reply()).words
        assert answers.empty()


async def test_session_attack_is_real(
    run_folder: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """The attack that Parley withstands succeeds against the framework's defaults."""
    argv = (sys.executable, "scripts/bench/baseline_worker.py", "start")
    env = {**livekit_server.env, **provider.env, "LIVEKIT_AGENT_NAME": "baseline"}
    with Worker(run_folder, env, name="baseline-worker", argv=argv) as worker:
        await asyncio.to_thread(worker.wait_until_registered)
        caller = Caller(livekit_server.url, logs=[worker], agent_name="baseline")
        async with caller.call({"pipeline": "cascade"}) as call:
            await call.greeted()
            answers = await attack(call)
            async with asyncio.timeout(10.0):
                assert await answers.get()


async def attack(call: Call) -> asyncio.Queue[bytes]:
    """Ask the session for what it is made of, and to say something; the answers as they come."""
    answers: asyncio.Queue[bytes] = asyncio.Queue()
    readers: set[asyncio.Task[None]] = set()

    async def read(reader: rtc.ByteStreamReader) -> None:
        answers.put_nowait(b"".join([chunk async for chunk in reader]))

    def on_stream(reader: rtc.ByteStreamReader, _identity: str) -> None:
        task = asyncio.create_task(read(reader))
        readers.add(task)
        task.add_done_callback(readers.discard)

    call.room.register_byte_stream_handler(TOPIC_SESSION_MESSAGES, on_stream)
    requests = [
        agent_session.SessionRequest(
            request_id="1", get_agent_info=agent_session.SessionRequest.GetAgentInfo()
        ),
        agent_session.SessionRequest(
            request_id="2", get_chat_history=agent_session.SessionRequest.GetChatHistory()
        ),
        agent_session.SessionRequest(
            request_id="3", run_input=agent_session.SessionRequest.RunInput(text="Say banana.")
        ),
    ]
    for request in requests:
        message = agent_session.AgentSessionMessage(request=request).SerializeToString()
        writer = await call.room.local_participant.stream_bytes(
            name="session", topic=TOPIC_SESSION_MESSAGES
        )
        await writer.write(message)
        await writer.aclose()
    return answers


async def test_logs_say_nothing_of_the_conversation(
    run_folder: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """At the level of DEBUG too, no words of either side are logged, nor the caller's number; in
    neither pipeline.
    """
    provider.play(replies=ANSWERS)
    env = {**livekit_server.env, **provider.env, "LIVEKIT_AGENT_NAME": "discreet"}
    argv = (sys.executable, "agent.py", "start", "--log-level", "DEBUG")
    with Worker(run_folder, env, name="discreet-worker", argv=argv) as worker:
        await asyncio.to_thread(worker.wait_until_registered)
        caller = Caller(livekit_server.url, logs=[worker], agent_name="discreet")
        for pipeline in ("realtime", "cascade"):
            async with caller.call({"pipeline": pipeline}, identity="sip_+4930901820") as call:
                await call.greeting()
                await call.type(ASK_PRICE)
                assert HEAR_PRICE in (await call.reply()).words
        await asyncio.to_thread(worker.wait_for_line, "(?s)call ended.*call ended")
        assert "sip_+49******20" in worker.log
        for words in (ASK_PRICE, HEAR_PRICE, "4930901820"):
            assert words not in worker.log
