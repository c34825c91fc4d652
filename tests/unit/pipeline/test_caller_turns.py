"""What a session's caller says, and which of it comes after a question."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import ConversationItemAddedEvent, UserStateChangedEvent, llm

from agent.call.caller_turns import CallerTurns
from agent.pipeline.caller_turns import SessionTurns


class SpeechModel(llm.RealtimeModel):
    """A realtime model that nobody talks to."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=llm.RealtimeCapabilities(
                message_truncation=True,
                turn_detection=False,
                user_transcription=True,
                auto_tool_reply_generation=False,
                audio_output=True,
                manual_function_calls=True,
            )
        )

    def session(self, **options: Any) -> llm.RealtimeSession:
        """See RealtimeModel."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """See RealtimeModel."""


@dataclass
class Speaker:
    """The agent of the moment."""

    llm: Any
    chat_ctx: llm.ChatContext = field(default_factory=llm.ChatContext.empty)


class Line(rtc.EventEmitter[str]):
    """A session's events, and the history of its agent."""

    def __init__(self, model: llm.RealtimeModel | None) -> None:
        super().__init__()
        self.llm = model
        self.current_agent = Speaker(model)
        self.heard: list[str] = []
        as_session: Any = self
        self.turns: CallerTurns = SessionTurns(as_session)
        self.hear_no_more = self.turns.on_turn(self.heard.append)

    def speak(self) -> None:
        """The caller begins to speak."""
        event = UserStateChangedEvent(old_state="listening", new_state="speaking")
        self.emit("user_state_changed", event)

    def write(self, words: str, *, item_id: str = "", spoken: bool = True) -> None:
        """Words of the caller come into the history."""
        message = llm.ChatMessage(
            role="user", content=[words], transcript_confidence=1.0 if spoken else None
        )
        message.id = item_id or message.id
        self.emit("conversation_item_added", ConversationItemAddedEvent(item=message))


@pytest.fixture
async def realtime() -> Line:
    """A call whose transcripts may be late."""
    return Line(SpeechModel())


async def test_turns_are_heard(realtime: Line) -> None:
    """What is said and what is typed are turns; silence is none."""
    realtime.speak()
    realtime.write("Book a table.")
    realtime.write("Please.", spoken=False)
    realtime.write(" ")
    assert realtime.heard == ["Book a table.", "Please."]


async def test_who_has_heard_enough_is_told_no_more(realtime: Line) -> None:
    """Others are."""
    others: list[str] = []
    realtime.turns.on_turn(others.append)
    realtime.hear_no_more()
    realtime.write("Please.", spoken=False)
    assert (realtime.heard, others) == ([], ["Please."])


async def test_every_sign_of_the_caller_is_a_sound(realtime: Line) -> None:
    """The voice before its words are known, and typed words, which have no voice."""
    assert realtime.turns.sounds == 0
    realtime.speak()
    spoken = realtime.turns.sounds
    realtime.write("Please.", spoken=False)
    assert 0 < spoken < realtime.turns.sounds


async def test_a_late_transcript_is_no_answer(realtime: Line) -> None:
    """What was said before the question, and is written down after it, answers nothing."""
    realtime.speak()
    realtime.current_agent.chat_ctx.add_message(role="user", content="", id="item_1")
    realtime.turns.mark()
    realtime.write("Yes, book it.")
    realtime.speak()
    realtime.write("Yes, book it.", item_id="item_1")
    assert realtime.heard == []
    realtime.write("No.", item_id="item_2")
    assert realtime.heard == ["No."]


async def test_typed_words_need_no_voice(realtime: Line) -> None:
    """A typed yes answers although nobody was heard to speak."""
    realtime.turns.mark()
    realtime.write("Yes.", spoken=False)
    assert realtime.heard == ["Yes."]


async def test_a_cascade_is_never_late() -> None:
    """Where words come before the reply, a turn counts although the voice was not noticed."""
    line = Line(None)
    line.turns.mark()
    line.write("Yes.")
    assert line.heard == ["Yes."]


async def test_words_are_waited_for(realtime: Line) -> None:
    """Only while the caller has spoken and the words are not there, and not for ever."""
    async with asyncio.timeout(1):
        await realtime.turns.words(limit_s=30)
        realtime.turns.mark()
        await realtime.turns.words(limit_s=30)
        realtime.speak()
        assert realtime.turns.has_begun
        await realtime.turns.words(limit_s=0.01)
        asyncio.get_running_loop().call_soon(realtime.write, "Yes.")
        await realtime.turns.words(limit_s=30)
    assert realtime.heard == ["Yes."]
