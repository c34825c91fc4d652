"""How a call begins, in a real session: notice, consent, greeting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, llm
from livekit.agents.voice.room_io import TextInputEvent

from agent.bootstrap.call import Call
from agent.bootstrap.opening import Opening
from agent.call.consent import ConsentDecided
from agent.call.state import CallerIdentity, CallState
from agent.pipeline.backchannels import Backchannels
from agent.pipeline.echo_canceller import EchoCanceller
from agent.pipeline.echo_guard import SpokenWords
from agent.pipeline.interruptions import AttentiveAgent, Interruptions
from agent.pipeline.played_audio import PlayedAudio
from agent.settings import load_settings
from tests.fakes.control import FakeControl
from tests.fakes.streaming_model import StreamingModel
from tests.fakes.voice import Ear, RecordingTTS

NOTICE = "You are talking to a computer."
GREETING = "Hello, how can I help you?"
QUESTION = "Do you agree that this call is recorded?"
BASE = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "secret" * 6,
    "OPENAI_API_KEY": "sk-1",
    "PARLEY_NOTICE": NOTICE,
}


@dataclass
class Desk:
    """A call that is about to begin."""

    voice: RecordingTTS = field(default_factory=RecordingTTS)
    model: StreamingModel = field(default_factory=lambda: StreamingModel(["An answer."]))
    room: rtc.EventEmitter[Any] = field(default_factory=rtc.EventEmitter)
    decided: list[ConsentDecided] = field(default_factory=list)
    added: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, **settings: str) -> Opening:
        state = CallState(
            call_id="1",
            language="en",
            control=FakeControl(),
            turns=cast("Any", None),
            services=cast("Any", None),
            caller=CallerIdentity(identity="anna"),
        )
        self.session = AgentSession[CallState](llm=self.model, tts=self.voice, userdata=state)
        self.session.output.audio = Ear()
        self.session.on("conversation_item_added", lambda _: self.added.set())
        interruptions = Interruptions(
            cast("Any", SimpleNamespace(is_speaking=False, remaining_s=None)),
            SpokenWords(),
            EchoCanceller(PlayedAudio(24_000)),
            Backchannels([]),
        )
        self.agent = AttentiveAgent(interruptions=interruptions, instructions="Be kind.")
        await self.session.start(self.agent)
        call = SimpleNamespace(
            session=self.session,
            state=state,
            plan=SimpleNamespace(greeting=GREETING),
            interruptions=interruptions,
        )
        self.opening = Opening(
            load_settings({**BASE, **settings}),
            cast("Call", call),
            cast("rtc.Room", self.room),
            lambda: False,
        )
        self.opening.consent.on_decided(self.decided.append)
        self.opening.say()
        return self.opening

    async def hears(self, words: str) -> str:
        """All that was said, once these words are among it."""
        async with asyncio.timeout(10):
            while words not in self.heard:
                self.added.clear()
                await self.added.wait()
        return self.heard

    @property
    def heard(self) -> str:
        said = (item for item in self.session.history.items if isinstance(item, llm.ChatMessage))
        return " ".join(item.text_content or "" for item in said if item.role == "assistant")

    async def turn(self, words: str) -> None:
        """The caller has finished a turn, as the framework tells the agent."""
        message = llm.ChatMessage(role="user", content=[words])
        await self.agent.on_user_turn_completed(llm.ChatContext.empty(), message)

    def press(self, key: str, identity: str = "anna") -> None:
        participant = cast("rtc.RemoteParticipant", SimpleNamespace(identity=identity))
        code = int(key)
        self.room.emit("sip_dtmf_received", rtc.SipDTMF(code, key, participant))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.opening.aclose()
    await desk.session.aclose()


async def test_a_call_begins_with_the_notice_and_the_greeting(desk: Desk) -> None:
    """Nobody is asked, and turns are the model's, where no consent is required."""
    await desk.open()
    assert await desk.hears(GREETING) == f"{NOTICE} {GREETING}"
    await desk.turn("Yes.")
    assert desk.decided == []


async def test_consent_comes_between_notice_and_greeting(desk: Desk) -> None:
    """The answer is no turn of the conversation; the next one is."""
    await desk.open(PARLEY_CONSENT="required")
    asked = await desk.hears("yes or no.")
    assert asked == f"{NOTICE} {QUESTION} Please say yes or no."
    with pytest.raises(llm.StopResponse):
        await desk.turn("Yes, I agree.")
    assert (await desk.hears(GREETING)).endswith(f"Thank you. {GREETING}")
    assert desk.decided == [ConsentDecided("given", "voice")]
    await desk.turn("When are you open?")


async def test_only_the_callers_keys_answer(desk: Desk) -> None:
    """Others in the room may have some as well."""
    await desk.open(PARLEY_CONSENT="required")
    await desk.hears("yes or no.")
    desk.press("1", "somebody")
    desk.press("2")
    assert "this call is not recorded" in await desk.hears(GREETING)
    assert desk.decided == [ConsentDecided("refused", "key")]


async def test_written_words_answer(desk: Desk) -> None:
    """And nothing is generated for them."""
    opening = await desk.open(
        PARLEY_CONSENT="required", PARLEY_CONSENT_QUESTION="Recorded, is that fine?"
    )
    await desk.hears("is that fine?")
    event = TextInputEvent(text="yes", info=cast("Any", None), participant=cast("Any", None))
    await opening.take_text(desk.session, event)
    await desk.hears(GREETING)
    assert desk.decided == [ConsentDecided("given", "text")]
    assert "An answer." not in desk.heard


async def test_silence_leads_to_the_greeting(desk: Desk) -> None:
    """After the question was put twice."""
    await desk.open(PARLEY_CONSENT="required", PARLEY_CONSENT_ANSWER_S="1")
    heard = await desk.hears(GREETING)
    assert heard.count(QUESTION) == 2
    assert desk.decided == [ConsentDecided("refused", "silence")]
