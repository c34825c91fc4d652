"""What the next persona is told, where a provider tells the caller's words late."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

from livekit import rtc
from livekit.agents import AgentSession, UserInputTranscribedEvent, llm

from agent.personas.briefing import Briefing, conversation, words_of_caller


class FakeSession(rtc.EventEmitter[str]):
    """A realtime session in which the caller has said something, not yet in words."""

    def __init__(self) -> None:
        super().__init__()
        self.history = llm.ChatContext([llm.ChatMessage(role="user", content=["hello"])])
        self.unheard = llm.ChatMessage(role="user", content=[])
        self.current_agent = SimpleNamespace(
            chat_ctx=llm.ChatContext([*self.history.items, self.unheard])
        )

    def transcribe(self, words: str) -> None:
        event = UserInputTranscribedEvent(transcript=words, is_final=True)
        self.emit("user_input_transcribed", event)
        # As the framework does, after it has told of them.
        self.unheard.content = [words]
        self.history.items.append(self.unheard)


def session() -> tuple[FakeSession, AgentSession[Any]]:
    fake = FakeSession()
    return fake, cast("AgentSession[Any]", fake)


async def test_a_handoff_waits_for_the_words_it_is_about() -> None:
    """The caller's last turn is handed on in words where these come in time."""
    fake, running = session()
    waiting = asyncio.create_task(words_of_caller(running, limit_s=10.0))
    await asyncio.sleep(0)
    fake.transcribe("my bill")
    await asyncio.wait_for(waiting, 1.0)
    assert [m.text_content for m in conversation(running)] == ["hello", "my bill"]


async def test_it_waits_only_so_long() -> None:
    """Then the turn is handed on without words: the provider has heard it."""
    fake, running = session()
    began_s = time.monotonic()
    await words_of_caller(running, limit_s=0.05)
    assert time.monotonic() - began_s < 1.0
    handed_on = Briefing("the front desk", conversation(running)).context()
    assert fake.unheard.id in {item.id for item in handed_on.items}


async def test_it_does_not_wait_where_the_words_are_known() -> None:
    """A cascade has them before it answers."""
    fake, running = session()
    fake.transcribe("my bill")
    await asyncio.wait_for(words_of_caller(running, limit_s=60.0), 1.0)
