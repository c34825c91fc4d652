"""What is heard over the agent's voice: some of it ends a reply, some must not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.agents import llm

from tests.caller.agent import agent_in
from tests.caller.driver import Call, Caller
from tests.caller.expectations import ANSWERS, ASK_HOURS, HEAR_HOURS
from tests.caller.recognition import Words
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.conftest import in_each_pipeline

NOTICE = "This call is recorded, so that we can train our staff and keep our promises to you."
INSTEAD = "I found twenty pictures."
TALE_ENDS = "twelve yellow flowers"
"""Words that the tale has nowhere else: a recogniser that hears one of them wrongly where it goes
on would hear it wrongly at the end too.
"""
TALE = {
    "match": "story",
    "text": "There was a river and on the river was a boat and nobody on the river knew where the"
    f" old man and the dog were going with {TALE_ENDS}.",
    "times": 0,
}
"""Half as long as STORY: most of these callers hear it to its end."""


@pytest.fixture(scope="module")
def noticing_worker(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider
) -> Iterator[Worker]:
    """A worker whose calls begin with a notice."""
    env = {
        **livekit_server.env,
        **sandbox_process.env,
        "PARLEY_NOTICE": NOTICE,
        "LIVEKIT_AGENT_NAME": "noticing",
    }
    with Worker(run_folder, env, name="noticing-worker") as worker:
        worker.wait_until_registered()
        yield worker


async def story_is_heard(call: Call) -> None:
    """Ask for the story and listen for a second and a half."""
    await call.type("Tell me a story.")
    await call.heard_for(1.5)


async def everything(call: Call) -> Words:
    """All that the agent has said, once it has been quiet for a while."""
    await call.ear.until(lambda: time.monotonic() - call.ear.spans[-1].end_s > 1.5, 60.0)
    return await call.understand(call.joined_s, time.monotonic())


def texts(history: llm.ChatContext) -> list[str]:
    """What both sides said, as it is kept."""
    said = (item for item in history.items if isinstance(item, llm.ChatMessage))
    return [message.text_content or "" for message in said if message.role != "system"]


def hears(provider: SandboxProvider, words: str) -> None:
    """Let the recogniser understand these words, and tell the story."""
    provider.play(
        replies=[TALE, *ANSWERS, {"text": INSTEAD, "times": 0}],
        transcripts=[{"text": words, "times": 0}],
    )


async def test_a_backchannel_does_not_end_the_reply(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """Who says "yeah" while the agent talks hears the story to its end, and no other answer."""
    hears(provider, "Yeah.")
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await story_is_heard(call)
        await call.say("Yeah.")
        rest = await call.reply()
        assert TALE_ENDS in rest.words
        assert "twenty pictures" not in rest.words


async def test_a_backchannel_leaves_no_trace_in_the_history(
    livekit_server: LiveKitServer, provider: SandboxProvider, pipeline: str
) -> None:
    """The conversation, and in realtime the provider's too, holds the whole reply, once, and
    nothing of the "mhm" over it; so do the captions.
    """
    hears(provider, "Mm-hmm.")
    async with (
        Caller(livekit_server.url, logs=[provider]).call(dispatched=False) as call,
        agent_in(call, pipeline, livekit_server, provider) as built,
    ):
        await call.wait_for_agent()
        await story_is_heard(call)
        await call.say("Mm hmm.")
        await call.reply()
        story = str(TALE["text"])
        asked = ["Tell me a story.", story]
        assert texts(built.session.history) == asked
        assert texts(built.agent.chat_ctx) == asked
        if pipeline == "realtime":
            assert texts(built.agent.realtime_llm_session.chat_ctx) == asked
        assert [caption.text for caption in call.captions.all] == [story]


async def test_one_word_that_is_no_backchannel_ends_the_reply(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """As short as a backchannel, and yet meant: the agent stops for good and answers."""
    hears(provider, "Stop.")
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await story_is_heard(call)
        await call.say("Stop.")
        answer = await call.reply()
        assert "twenty pictures" in answer.words
        assert "flowers" not in answer.words


async def test_the_agents_own_echo_does_not_end_the_reply(
    caller: Caller, provider: SandboxProvider
) -> None:
    """What a microphone picks up of the story is not taken for the caller."""
    hears(provider, "a river and on the river")
    async with caller.call({"pipeline": "cascade"}) as call:
        await call.greeted()
        await story_is_heard(call)
        await call.say("river and on", voice="rms")
        heard = await everything(call)
        assert TALE_ENDS in heard
        assert "twenty pictures" not in heard


async def test_a_caller_may_talk_over_the_greeting(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """Nobody has to wait for the end of the greeting: its words are heard from the first second."""
    provider.play(replies=ANSWERS)
    async with caller.call({"pipeline": pipeline}) as call:
        await call.heard_for(0.4)
        await call.say(ASK_HOURS)
        assert HEAR_HOURS in (await call.reply()).words


async def test_a_notice_is_heard_to_its_end(
    livekit_server: LiveKitServer, provider: SandboxProvider, noticing_worker: Worker
) -> None:
    """Talking over it changes nothing; the greeting follows."""
    caller = Caller(livekit_server.url, logs=[noticing_worker, provider], agent_name="noticing")

    async def talk(pipeline: str) -> None:
        async with caller.call({"pipeline": pipeline}) as call:
            await call.heard_for(1.0)
            await call.say("Stop, stop. I do not want to hear that.")
            heard = await everything(call)
            assert NOTICE in heard
            assert "how can I help you" in heard

    await in_each_pipeline(talk)


async def test_half_duplex_hears_nothing_while_the_agent_speaks(
    caller: Caller, provider: SandboxProvider
) -> None:
    """With a loudspeaker, what comes back from it never reaches the agent; later words do."""
    provider.play(replies=[TALE, *ANSWERS])

    async def talk(pipeline: str) -> None:
        async with caller.call({"pipeline": pipeline, "half_duplex": True}) as call:
            await call.greeted()
            await story_is_heard(call)
            await call.say("Stop, stop. Please stop now.")
            assert TALE_ENDS in await everything(call)
            await call.say(ASK_HOURS)
            assert HEAR_HOURS in (await call.reply()).words

    await in_each_pipeline(talk)
