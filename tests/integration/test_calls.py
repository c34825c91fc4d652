"""Whole calls in a real room, judged by what the caller hears, in both pipelines."""

from __future__ import annotations

import asyncio
import time

from rapidfuzz import fuzz

from tests.caller.driver import Caller
from tests.caller.expectations import (
    ANSWERS,
    ASK_HOURS,
    ASK_PRICE,
    ASK_STORY,
    HEAR_HOURS,
    HEAR_PRICE,
    STORY,
    tells_time,
)
from tests.caller.recognition import Words, normalise
from tests.caller.stack import SandboxProvider, Worker


async def test_greeting_is_heard(caller: Caller, pipeline: str) -> None:
    """Who joins is greeted by voice, and the caption says what the voice says."""
    async with caller.call({"pipeline": pipeline}) as call:
        greeting = await call.greeting()
        assert "how can I help you" in greeting.words
        captions = " ".join(caption.text for caption in call.captions.of("agent"))
        assert fuzz.ratio(captions.lower(), str(greeting.words).lower()) > 60
        assert call.states[-1] == "listening"


async def test_question_is_answered(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """A spoken question is understood, answered by voice, and captioned on both sides."""
    provider.play(replies=ANSWERS)
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.say(ASK_HOURS)
        reply = await call.reply()
        assert HEAR_HOURS in reply.words
        await call.wait_for_caption("caller", ASK_HOURS)
        await call.wait_for_caption("agent", HEAR_HOURS)


async def test_result_of_a_tool_is_spoken(caller: Caller, pipeline: str) -> None:
    """The agent calls its clock tool and says the time it got."""
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.say("What time is it in Paris?")
        reply = await call.reply()
        assert "paris" in reply.words
        assert tells_time(reply.words, "Europe/Paris"), reply.words


async def test_talking_over_the_agent_silences_it(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """Who is talked over falls silent, and answers what was said over it."""
    provider.play(replies=[*STORY, *ANSWERS])
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.say(ASK_STORY)
        interruption = await call.interrupt(f"Stop, stop. {ASK_HOURS}", after_s=1.5)
        assert interruption.barge_in_s < 3.0  # the story would go on for more than ten seconds
        reply = await call.reply()
        assert HEAR_HOURS in reply.words
        assert "cheese" not in reply.words


async def test_typed_text_is_answered_by_voice(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """A text message gets a spoken answer."""
    provider.play(replies=ANSWERS)
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.type(ASK_PRICE)
        assert HEAR_PRICE in (await call.reply()).words


async def test_call_ends_when_the_caller_leaves(
    caller: Caller, worker: Worker, pipeline: str
) -> None:
    """After the caller hung up, the job ends and the room is gone; a second call is served."""
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        assert worker.active_jobs() >= 1
        await call.hang_up()
        await asyncio.to_thread(worker.wait_until_idle)
        await caller.wait_until_room_is_gone(call.room_name)
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()


async def test_concurrent_calls_hear_nothing_of_each_other(
    caller: Caller, provider: SandboxProvider
) -> None:
    """Two calls at once, one in each pipeline: each gets its own answer, no word of the other."""
    provider.play(replies=ANSWERS)
    async with (
        caller.call({"pipeline": "realtime"}, voice="slt") as first,
        caller.call({"pipeline": "cascade"}, voice="rms") as second,
    ):
        await asyncio.gather(first.greeted(), second.greeted())
        await asyncio.gather(first.say(ASK_HOURS), second.say(ASK_PRICE))
        answers = await asyncio.gather(first.reply(), second.reply())
        assert HEAR_HOURS in answers[0].words
        assert HEAR_PRICE in answers[1].words
        everything = [
            await call.understand(call.joined_s, time.monotonic()) for call in (first, second)
        ]
        assert HEAR_PRICE not in everything[0]
        assert HEAR_HOURS not in everything[1]
        assert all("cost" not in caption.text.lower() for caption in first.captions.all)
        assert all("open" not in caption.text.lower() for caption in second.captions.all)


async def test_job_metadata_chooses_the_pipeline(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """A call runs in the pipeline its metadata names: what the other one needs may be down."""
    other = ["chat", "speech", "transcriptions"] if pipeline == "realtime" else ["realtime"]
    faults = [{"on": endpoint, "kind": "status", "status": 500, "times": 0} for endpoint in other]
    provider.play(replies=ANSWERS, faults=faults)
    async with caller.call({"pipeline": pipeline}) as call:
        assert "how can I help you" in (await call.greeting()).words
        await call.say(ASK_HOURS)
        assert HEAR_HOURS in (await call.reply()).words


async def test_goodbye_is_heard_to_its_end(caller: Caller, worker: Worker, pipeline: str) -> None:
    """Asked to hang up, the agent takes leave, is heard to the last word, and closes the room."""
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.say("Thank you. Please hang up now.")
        goodbye = await call.reply()
        await call.wait_until_ended()
        last_word = normalise(call.captions.of("agent")[-1].text)[-1]
        assert last_word in Words(normalise(goodbye.words.text)[-1])
        await caller.wait_until_room_is_gone(call.room_name)
        await asyncio.to_thread(worker.wait_until_idle)
