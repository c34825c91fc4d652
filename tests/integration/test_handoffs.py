"""From persona to persona in whole calls, judged by whose voice the caller hears."""

from __future__ import annotations

from tests.caller.analysis import pitch_hz
from tests.caller.driver import Call, Reply
from tests.caller.ear import SAMPLE_RATE_HZ
from tests.integration.conftest import Business


def pitch_of(call: Call, reply: Reply) -> float:
    """How high a reply was spoken."""
    return pitch_hz(call.ear.samples(reply.started_s, reply.ended_s), SAMPLE_RATE_HZ)


async def test_the_voice_changes_with_the_persona_and_back(
    business: Business, pipeline: str
) -> None:
    """The front desk hands over to billing, who speaks in another voice, and is handed back to."""
    async with business.caller.call({"pipeline": pipeline}) as call:
        front = pitch_of(call, await call.greeting())
        await call.say("I have a question about my bill.")
        billing = pitch_of(call, await call.reply())
        assert abs(billing - front) > 25
        await call.say("Please hand me back to the front desk.")
        again = pitch_of(call, await call.reply())
        assert abs(again - front) < 15
