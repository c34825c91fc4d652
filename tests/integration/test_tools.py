"""Tools in whole calls: real audio, and what is found in the database after it.

Both pipelines give their calls of tools to the same code, so most of it is tried in one of them;
in both with `--each-pipeline`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.caller.driver import Call
from tests.caller.stack import SandboxProvider
from tests.fakes.tool_server import SLOW_S
from tests.integration.conftest import Business, in_each_pipeline

BOOK = "Please book an appointment for Anna tomorrow at three in the afternoon."
QUESTION = "Shall I book"
YES = "Yes please book it."
"""In one breath: a pause within it would make it two turns, each with all of these words."""
BOOKED = "The reference is"
ACKNOWLEDGED_S = 0.8
"""From the tool's first sign of life to the first sound of the acknowledgement."""
ANNA = [("Anna", "15:00")]


async def until(holds: Callable[[], bool], limit_s: float = 15.0) -> None:
    """Wait for something that has no event here: a row in another process's database."""
    async with asyncio.timeout(limit_s):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def asked_to_book(call: Call, *, aloud: bool = False) -> None:
    """Ask for the appointment, and hear the question to its end."""
    await call.greeted()
    await (call.say(BOOK) if aloud else call.type(BOOK))
    await call.hear()
    await call.wait_for_caption("agent", QUESTION)


async def test_weather_is_asked_for_and_answered(business: Business) -> None:
    """Without a network the answer says that it is what is usual."""

    async def talk(pipeline: str) -> None:
        async with business.caller.call({"pipeline": pipeline}) as call:
            await call.greeted()
            await call.say("What is the weather in Paris?")
            reply = await call.reply()
            assert "paris" in reply.words
            assert "usual" in reply.words

    await in_each_pipeline(talk)


@pytest.mark.mostly_in("cascade")
async def test_an_appointment_is_booked_by_voice(business: Business, pipeline: str) -> None:
    """Nothing is booked before the caller's yes, and one appointment after it."""
    options = {"pipeline": pipeline, "persona": "appointments"}
    async with business.caller.call(options) as call:
        await asked_to_book(call, aloud=True)
        assert business.records.appointments() == []
        await call.say("Yes, please.")
        await call.wait_for_caption("agent", BOOKED)
        assert business.records.appointments() == ANNA


@pytest.mark.mostly_in("realtime")
async def test_who_talks_over_the_confirmation_is_booked_for_once(
    business: Business, provider: SandboxProvider, pipeline: str
) -> None:
    """A "yes" over the first words of the question agrees to nothing: it is put again. One over the
    answer to the yes does not book it again.
    """
    provider.play(transcripts=[{"text": YES, "times": 0}])
    options = {"pipeline": pipeline, "persona": "appointments"}
    async with business.caller.call(options) as call:
        await call.greeted()
        await call.type(BOOK)
        await call.interrupt(YES, after_s=0.8)
        await call.hear()
        shown = " ".join(caption.text for caption in call.captions.of("agent"))
        assert shown.count(QUESTION) == 2
        assert business.records.appointments() == []
        await call.say(YES)
        await call.interrupt(YES, after_s=0.8)
        await call.hear()
        assert business.records.appointments() == ANNA, call.describe()


@pytest.mark.mostly_in("realtime")
async def test_a_call_that_the_model_sends_twice_happens_once(
    business: Business, provider: SandboxProvider, pipeline: str
) -> None:
    """Two equal calls in one reply are one booking."""
    options = {"pipeline": pipeline, "persona": "appointments"}
    async with business.caller.call(options) as call:
        await asked_to_book(call)
        tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))
        booking = {
            "name": "book_appointment",
            "arguments": {"day": tomorrow, "time": "15:00", "name": "Anna"},
        }
        provider.play(replies=[{"match": "yes", "tool_calls": [booking, booking]}])
        await call.type("Yes, please.")
        await call.wait_for_caption("agent", BOOKED)
        await call.hear()
        assert business.records.appointments() == ANNA


@pytest.mark.mostly_in("cascade")
async def test_a_slow_tool_is_acknowledged_and_its_result_announced(
    business: Business, pipeline: str
) -> None:
    """The caller hears soon that it is looked up, and ten seconds later what was found, once."""
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        await call.greeted()
        await call.type("Please start the long search.")
        acknowledged = await call.hear()
        began_s = business.tools.asked_at_s["/slow"]
        assert acknowledged.start_s - began_s < ACKNOWLEDGED_S
        announced = await call.reply(deadline_s=25.0)
        assert "twenty pictures" in announced.words
        assert announced.started_s - began_s > SLOW_S
        assert business.tools.asked["/slow"] == 1


async def test_a_tool_that_breaks_is_an_answer_in_words(business: Business) -> None:
    """The caller hears that it did not work, and nothing of why."""

    async def talk(pipeline: str) -> None:
        async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
            await call.greeted()
            await call.type("Please read the broken scale.")
            reply = await call.reply()
            assert "stack trace" not in reply.words
            await call.type("What is the weather in Paris?")
            assert "paris" in (await call.reply()).words

    await in_each_pipeline(talk)


async def test_a_tool_that_hangs_is_given_up(business: Business) -> None:
    """After the tool's own timeout the caller is told, and the call goes on."""

    async def talk(pipeline: str) -> None:
        async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
            await call.greeted()
            asked_s = time.monotonic()
            await call.type("Please check the stuck door.")
            await call.wait_for_caption("agent", "took too long")
            assert time.monotonic() - asked_s < 8.0

    await in_each_pipeline(talk)


@pytest.mark.mostly_in("cascade")
async def test_a_huge_answer_is_cut(business: Business, pipeline: str) -> None:
    """Half a million characters neither reach the model nor the caller."""
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        await call.greeted()
        await call.type("Please read the whole book.")
        await call.wait_for_caption("agent", "stood by the river")
        shown = sum(len(caption.text) for caption in call.captions.of("agent"))
        assert shown < 4_500
        await call.interrupt("Stop. What is the weather in Paris?")
        # A word of the book may still slip out after "Stop." while that is being recognised.
        await call.wait_for_caption("agent", "in Paris")
        assert "paris" in (await call.reply()).words


@pytest.mark.mostly_in("realtime")
async def test_a_loop_of_tool_calls_is_broken(
    business: Business, provider: SandboxProvider, pipeline: str
) -> None:
    """A model that calls the same tool for ever runs it three times, and the caller is not left
    alone.
    """
    looping = {"match": "sheep", "tool_calls": [{"name": "count_sheep"}], "times": 6}
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        await call.greeted()
        provider.play(replies=[looping])
        await call.type("Count sheep.")
        await call.hear()
        assert business.tools.asked["/sheep"] == 3
