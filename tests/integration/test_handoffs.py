"""From persona to persona in whole calls, judged by whose voice the caller hears."""

from __future__ import annotations

from tests.caller.analysis import pitch_hz
from tests.caller.driver import Call
from tests.caller.ear import SAMPLE_RATE_HZ
from tests.integration.conftest import Business, in_each_pipeline


async def pitch_of_reply(call: Call) -> float:
    """How high the agent speaks next."""
    heard = await call.hear()
    return pitch_hz(call.ear.samples(heard.start_s, heard.end_s), SAMPLE_RATE_HZ)


async def pitch_of_answer(call: Call) -> float:
    """How high the agent says the same as every time: each sentence has a melody of its own."""
    await call.type("Sing me a song.")
    return await pitch_of_reply(call)


async def test_the_voice_changes_with_the_persona_and_back(business: Business) -> None:
    """The front desk hands over to billing, who speaks in another voice, and is handed back to."""

    async def talk(pipeline: str) -> None:
        async with business.caller.call({"pipeline": pipeline}) as call:
            await call.hear()
            front = await pitch_of_answer(call)
            await call.type("I have a question about my bill.")
            billing = await pitch_of_reply(call)
            assert abs(billing - front) > 25
            await call.type("Please hand me back to the front desk.")
            await call.hear()
            again = await pitch_of_answer(call)
            assert abs(again - front) < 15

    await in_each_pipeline(talk)
