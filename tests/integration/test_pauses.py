"""Callers who pause within a sentence, in a real room with a real recogniser."""

from __future__ import annotations

import asyncio

from livekit.agents import llm

from agent.pipeline.realtime_link import ResilientSession
from tests.caller.agent import agent_in
from tests.caller.driver import Caller
from tests.caller.stack import LiveKitServer, SandboxProvider

PAUSE_S = 0.7


async def test_a_sentence_with_a_pause_is_one_turn(
    caller: Caller, provider: SandboxProvider
) -> None:
    """The agent waits while the words break off, and answers the sentence as a whole."""
    provider.play(
        replies=[
            {"match": "people", "text": "I have booked it for you.", "times": 0},
            {"match": "table", "text": "Please be more precise.", "times": 0},
        ]
    )
    async with caller.call({"pipeline": "cascade"}) as call:
        await call.greeted()
        await call.say("I would like to book a table for the")
        await asyncio.sleep(PAUSE_S)  # the caller thinks
        await call.say("eight people on my list, please.")
        reply = await call.reply()
        assert "booked it for you" in reply.words
        assert "precise" not in await call.understand(call.joined_s, reply.ended_s)


async def test_a_realtime_model_is_asked_in_the_pause_and_dropped_when_the_caller_goes_on(
    livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """What it made of half a sentence is in nobody's ear, and in neither side's history."""
    replies = [
        {"match": "people", "text": "I have booked it for you.", "times": 0},
        {"match": "table", "text": "Please be more precise.", "times": 0},
    ]
    # No comma after the pause: it would be one more.
    half, rest = "I would like to book a table for the", "eight people on my list."
    provider.play(replies=replies, transcripts=[{"text": half, "times": 0}])
    caller = Caller(livekit_server.url, logs=[provider])
    async with (
        caller.call(dispatched=False) as call,
        agent_in(call, "realtime", livekit_server, provider) as built,
    ):
        await call.wait_for_agent()
        await call.say(half)
        await asyncio.sleep(PAUSE_S)  # the caller thinks
        provider.play(replies=replies, transcripts=[{"text": f"{half} {rest}", "times": 0}])
        await call.say(rest)
        reply = await call.reply()
        assert "precise" not in await call.understand(call.joined_s, reply.ended_s)
        session = built.agent.realtime_llm_session
        assert isinstance(session, ResilientSession)
        conversation = [
            (item.role, item.text_content)
            for history in (built.session.history, session.chat_ctx)
            for item in history.items
            if isinstance(item, llm.ChatMessage) and item.role in ("user", "assistant")
        ]
        assert conversation == 2 * [("user", f"{half} {rest}"), ("assistant", replies[0]["text"])]
        assert session.speculation.wasted == 1
        assert session.speculation.asked == 2
