"""Callers who leave the room and come back to the same call, as a page does that is reloaded."""

from __future__ import annotations

from rapidfuzz import fuzz

from tests.caller.driver import Caller
from tests.caller.expectations import ASK_STORY, STORY
from tests.caller.processes import free_port
from tests.caller.recognition import content
from tests.caller.stack import SandboxProvider


async def test_a_reply_waits_for_a_caller_who_comes_back(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """Who leaves in the middle of a story hears and reads its rest, from where it was, once."""
    provider.play(replies=STORY)
    room, identity = f"room-{free_port()}", "caller-who-reloads"
    async with caller.call({"pipeline": pipeline}, room=room, identity=identity) as call:
        await call.greeted()
        await call.say(ASK_STORY)
        await call.heard_for(2.0)
        agent = await call.wait_for_agent()
        before = await call.understand(call.ear.spans[-1].start_s, call.ear.spans[-1].end_s)
    async with caller.call(room=room, identity=identity, dispatched=False) as again:
        assert (await again.wait_for_agent()).sid == agent.sid
        after = (await again.reply()).words
        await again.wait_for_caption("agent", "bread and cheese")
        shown = " ".join(caption.text for caption in again.captions.of("agent"))
    assert "river" in before
    assert "basket" not in before
    assert "how can i help" not in after
    assert "bread and cheese" in after
    assert "there was a river" not in after
    told, story = ("".join(content(text)) for text in (f"{before} {after}", STORY[0]["text"]))
    # A recogniser mishears the words beside the cut; a doubled or lost clause costs more than that.
    assert fuzz.ratio(told, story) > 88, (str(before), str(after))
    assert "There was a river" not in shown
