"""Realtime calls in a real room whose way to the provider breaks: what does the caller hear?"""

from __future__ import annotations

from tests.caller.expectations import ANSWERS, ASK_HOURS, ASK_STORY, HEAR_HOURS, STORY
from tests.caller.stack import SandboxProvider
from tests.integration.conftest import Line

REST = "And that is the end of the story."


async def test_a_story_goes_on_after_its_connection_broke(
    line: Line, provider: SandboxProvider
) -> None:
    """The caller hears the beginning and the rest, once each, without a long silence between."""
    async with line.caller.call({"pipeline": "realtime"}) as call:
        await call.greeted()
        provider.play(replies=[{**STORY[0], "times": 1}, {"text": REST}])
        await call.say(ASK_STORY)
        await call.wait_for_caption("agent", "There was a river")
        line.cable.cut()
        reply = await call.reply(quiet_s=2.5)
        assert "river" in reply.words
        assert "end of the story" in reply.words
        captions = " ".join(caption.text for caption in call.captions.of("agent"))
        assert captions.count("There was a river") == 1
        assert captions.count("end of the story") == 1


async def test_a_question_to_a_frozen_provider_is_answered(
    line: Line, provider: SandboxProvider
) -> None:
    """A half-open connection is found and replaced before the caller takes it for a dead line."""
    provider.play(replies=ANSWERS)
    async with line.caller.call({"pipeline": "realtime"}) as call:
        await call.greeted()
        line.cable.freeze()
        utterance = await call.say(ASK_HOURS)
        reply = await call.reply()
        assert HEAR_HOURS in reply.words
        assert reply.started_s - utterance.last_sample_s < 4.0
