"""What happens in a call, as its record has it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import (
    ConversationItemAddedEvent,
    ErrorEvent,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.voice.events import ToolCallEnded, ToolCallStarted, ToolExecutionUpdatedEvent

from agent.call.events import ClipPlayed, GuardrailTripped, PersonaChanged, PersonaSpoke, StepTaken
from agent.call.record import (
    ClipHeard,
    Fault,
    GuardrailTrip,
    HandedOver,
    PersonaInForce,
    RecordEvent,
    Recovery,
    ToolBegan,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.records.listener import CallListener
from agent.records.overheard import Overheard
from tests.fakes.business import business_call
from tests.fakes.conversation import conversation
from tests.fakes.language_model import Calls
from tools.catalogue import CATALOGUE


class FakeSpeech:
    """A speech that ends when it is told to."""

    def __init__(self) -> None:
        self._over: list[Any] = []

    def add_done_callback(self, callback: Any) -> None:
        """See SpeechHandle."""
        self._over.append(callback)

    def end(self) -> None:
        """It is over."""
        for callback in self._over:
            callback(self)


class FakeSession(rtc.EventEmitter[str]):
    """Emits what a session emits."""

    current_speech: FakeSpeech | None = None

    def speak(self) -> FakeSpeech:
        """Begin a speech."""
        self.current_speech = speech = FakeSpeech()
        self.emit("speech_created", SimpleNamespace(speech_handle=speech))
        return speech

    def add(self, role: Any, text: str, **options: Any) -> None:
        """A message comes into the history."""
        item = llm.ChatMessage(role=role, content=[text], id="i", **options)
        self.emit("conversation_item_added", ConversationItemAddedEvent(item=item))


def listening() -> tuple[CallListener, FakeSession, list[RecordEvent]]:
    """A listener at a session, and what it notes."""
    noted: list[RecordEvent] = []
    listener, session = CallListener(noted.append), FakeSession()
    listener.watch(session)  # type: ignore[arg-type]
    return listener, session, noted


def test_what_others_tell_is_noted() -> None:
    """Each in the record's own words."""
    listener, _, noted = listening()
    listener.on_persona(PersonaChanged(None, "frontdesk", "call began"))
    listener.on_persona(PersonaChanged("frontdesk", "billing", "handed over"))
    listener.on_persona(PersonaChanged("billing", "frontdesk", "handed back"))
    listener.on_guardrail(GuardrailTripped("secrets", "billing", "output"))
    listener.on_step(StepTaken("silent", "retry", 4.2))
    listener.on_clip(ClipPlayed("moment", "One moment, please.", whole=True))
    assert noted == [
        PersonaInForce("frontdesk"),
        HandedOver("frontdesk", "billing", back=False),
        HandedOver("billing", "frontdesk", back=True),
        GuardrailTrip("secrets", "billing", "output"),
        Recovery("silent", "retry", 4.2),
        ClipHeard("moment", "One moment, please.", whole=True),
    ]


def test_what_was_heard_and_what_was_generated_are_kept_apart() -> None:
    """With who spoke, when, and the parts of its latency."""
    listener, session, noted = listening()
    speech = session.speak()
    for part in ("Once upon ", "a time there ", "was a mouse."):
        listener.on_words(part)
    listener.on_persona(PersonaSpoke("storyteller", "i"))
    metrics: llm.MetricsReport = {
        "started_speaking_at": 1000.0,
        "stopped_speaking_at": 1002.5,
        "llm_node_ttft": 0.1234,
        "tts_node_ttfb": 0.2,
        "e2e_latency": 0.9,
    }
    session.add("assistant", "Once upon a time", interrupted=True, metrics=metrics)
    speech.end()
    (spoken,) = noted
    assert isinstance(spoken, TurnSpoken)
    assert (spoken.generated, spoken.heard) == (
        "Once upon a time there was a mouse.",
        "Once upon a time",
    )
    assert (spoken.persona, spoken.interrupted) == ("storyteller", True)
    assert spoken.started_at is not None
    assert spoken.ended_at is not None
    assert (spoken.ended_at - spoken.started_at).total_seconds() == 2.5
    assert spoken.latency_s == {
        "model_first_token": 0.123,
        "voice_first_audio": 0.2,
        "whole": 0.9,
    }


def test_a_reply_of_which_nothing_was_heard_is_noted_too() -> None:
    """It is in no history, and was paid for."""
    listener, session, noted = listening()
    first = session.speak()
    listener.on_words("Never heard.")
    first.end()
    session.speak()
    listener.on_words("Hello.")
    session.add("assistant", "Hello.")
    assert noted == [
        TurnSpoken("", "", "Never heard.", "", interrupted=True),
        TurnSpoken("i", "", "Hello.", "Hello."),
    ]


def test_a_turn_without_times_of_its_own_has_those_of_the_sound() -> None:
    """As in the realtime pipeline; what was typed has none."""
    _, session, noted = listening()
    now_s = time.time()
    for old, new, at_s in (
        ("listening", "speaking", now_s),
        ("speaking", "listening", now_s + 1),
        ("listening", "speaking", now_s + 2),
        ("speaking", "listening", now_s + 3),
    ):
        session.emit(
            "user_state_changed",
            UserStateChangedEvent(old_state=old, new_state=new, created_at=at_s),  # type: ignore[arg-type]
        )
    session.add("user", "Where is my order?", transcript_confidence=1.0)
    session.add("user", "typed")
    heard, typed = noted
    assert isinstance(heard, TurnHeard)
    assert heard.started_at is not None
    assert heard.ended_at is not None
    assert (heard.ended_at - heard.started_at).total_seconds() == 3
    assert typed == TurnHeard("i", "typed")


def test_a_provider_s_fault_is_noted_before_it_is_settled() -> None:
    """With its kind, and whether the call could go on."""
    _, session, noted = listening()
    error = llm.LLMError(
        timestamp=0, label="openai.LLM", error=TimeoutError("late"), recoverable=False
    )
    session.emit("error", ErrorEvent(error=error, source=None))
    assert noted == [Fault("openai.LLM", "TimeoutError", False, "late")]


def test_a_tool_that_only_the_session_knows_is_noted() -> None:
    """With its arguments and its end; of others their own guard tells."""
    noted: list[RecordEvent] = []
    session = FakeSession()
    listener = CallListener(noted.append, framework_tools={"collect_name"})
    listener.watch(session)  # type: ignore[arg-type]
    for name in ("collect_name", "find_order"):
        call = llm.FunctionCall(call_id=name, name=name, arguments='{"reason": "to call back"}')
        for update in (
            ToolCallStarted(function_call=call),
            ToolCallEnded(id=name, call_id=name, message="Anna", status="done"),
        ):
            session.emit("tool_execution_updated", ToolExecutionUpdatedEvent(update=update))
    began, ended = noted
    assert began == ToolBegan("collect_name", {"reason": "to call back"})
    assert isinstance(ended, ToolEnded)
    assert (ended.tool, ended.outcome, ended.answer) == ("collect_name", "done", "Anna")


def test_a_fault_of_the_listener_stays_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """The session goes on with whoever else listens."""
    _, session, _ = listening()
    session.emit("conversation_item_added", SimpleNamespace())
    assert "could not be noted" in caplog.text


async def test_words_pass_as_they_are_and_are_overheard() -> None:
    """With a filter behind, only what it lets pass; without, all."""

    async def words() -> AsyncIterator[str]:
        yield "Hello "
        yield "secret"

    class Screen:
        def reply(self, chat_ctx: Any, generate: Any) -> Any:
            return generate()

        async def spoken(self, words: Any, *, filtered: bool) -> AsyncIterator[str]:
            async for part in words:
                if part != "secret":
                    yield part

    for behind, passed in ((None, ["Hello ", "secret"]), (Screen(), ["Hello "])):
        told: list[str] = []
        overheard = Overheard(behind, told.append)  # type: ignore[arg-type]
        assert [part async for part in overheard.spoken(words(), filtered=False)] == passed
        assert told == passed


async def test_a_real_conversation_is_noted_in_order() -> None:
    """A question, a tool with its arguments and outcome, and the answer."""
    noted: list[RecordEvent] = []
    listener = CallListener(noted.append)
    state = business_call()
    async with conversation(CATALOGUE["time_in_place"], state=state) as talk:
        listener.watch(talk.session)
        asked = "What time is it in Paris?"
        await talk.say(asked, Calls("time_in_place", {"place": "Paris"}), "It is noon.")
        for event in talk.events:
            listener.on_tool(event)
    heard, spoken, began, ended = noted
    assert isinstance(heard, TurnHeard)
    assert heard.text == "What time is it in Paris?"
    assert isinstance(spoken, TurnSpoken)
    assert spoken.heard == "It is noon."
    assert isinstance(began, ToolBegan)
    assert isinstance(ended, ToolEnded)
    assert (ended.tool, ended.outcome) == (began.tool, "done")
    assert "Paris" in str(began.arguments) + str(ended.arguments)
    assert ended.answer
