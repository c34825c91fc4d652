"""Callers who pause within a sentence, in a real room with a real recogniser."""

from __future__ import annotations

import asyncio

from tests.caller.driver import Caller
from tests.caller.stack import SandboxProvider

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
