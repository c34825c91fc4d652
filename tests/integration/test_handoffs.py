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


async def test_the_voice_changes_with_the_persona_and_back(business: Business) -> None:
    """The front desk hands over to billing, who speaks in another voice, and is handed back to."""

    async def talk(pipeline: str) -> None:
        async with business.caller.call({"pipeline": pipeline}) as call:
            front = await pitch_of_reply(call)
            await call.type("I have a question about my bill.")
            billing = await pitch_of_reply(call)
            assert abs(billing - front) > 25
            await call.type("Please hand me back to the front desk.")
            again = await pitch_of_reply(call)
            # Each sentence has a melody of its own, so a voice's pitch is not the same twice.
            assert abs(again - front) < abs(again - billing)

    await in_each_pipeline(talk)
