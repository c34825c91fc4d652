"""What the conversation holds of a reply that was talked over, against what the caller heard."""

from __future__ import annotations

from livekit.agents import llm

from tests.caller.agent import agent_in
from tests.caller.driver import Caller
from tests.caller.expectations import ANSWERS, ASK_PRICE, ASK_STORY, STORY
from tests.caller.recognition import normalise
from tests.caller.stack import LiveKitServer, SandboxProvider

STORY_TEXT = str(STORY[0]["text"])
PRICE_TEXT = str(ANSWERS[1]["text"])
WORDS_OFF = 2
"""A word that is cut in two may count as heard or not, and the recogniser may hear another."""


async def test_an_interrupted_reply_is_kept_as_far_as_it_was_heard(
    livekit_server: LiveKitServer, provider: SandboxProvider, pipeline: str
) -> None:
    """To the word, and once; what the caller said and the answer to it follow."""
    provider.play(
        replies=[*STORY, *ANSWERS], transcripts=[{"text": f"Stop. {ASK_PRICE}", "times": 0}]
    )
    caller = Caller(livekit_server.url, logs=[provider])
    async with (
        caller.call(dispatched=False) as call,
        agent_in(call, pipeline, livekit_server, provider) as built,
    ):
        await call.wait_for_agent()
        await call.type(ASK_STORY)
        await call.heard_for(0.5)
        begun_s = call.ear.spans[-1].start_s
        silenced_s = (await call.interrupt(f"Stop. {ASK_PRICE}", after_s=4.0)).silenced_s
        heard = normalise((await call.understand(begun_s, silenced_s)).text)
        await call.hear()
        conversation = [
            (item.role, item.text_content, item.interrupted)
            for item in built.session.history.items
            if isinstance(item, llm.ChatMessage) and item.role in ("user", "assistant")
        ]
    kept = normalise(conversation[1][1] or "")
    assert kept == normalise(STORY_TEXT)[: len(kept)]
    assert abs(len(kept) - len(heard)) <= WORDS_OFF
    assert conversation == [
        ("user", ASK_STORY, False),
        ("assistant", conversation[1][1], True),
        ("user", f"Stop. {ASK_PRICE}", False),
        ("assistant", PRICE_TEXT, False),
    ]
