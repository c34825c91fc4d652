"""What is judged a turn while the agent speaks, and what is not."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, UserStateChangedEvent, stt
from livekit.agents.voice import agent_activity, audio_recognition

from agent.pipeline.backchannels import Backchannels
from agent.pipeline.echo_canceller import EchoCanceller
from agent.pipeline.echo_guard import SpokenWords
from agent.pipeline.interruptions import Interruptions
from agent.pipeline.played_audio import PlayedAudio
from agent.pipeline.playout import SAMPLE_RATE_HZ, RoomPlayout

FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT


class FakeSession(rtc.EventEmitter[str]):
    """A session without a call: it has states, and no activity."""

    user_state = "listening"
    current_speech = None
    _activity = None

    def caller_is(self, state: Any) -> None:
        """Change the caller's state as the framework does."""
        old, self.user_state = self.user_state, state
        event = UserStateChangedEvent(old_state=cast("Any", old), new_state=state)
        self.emit("user_state_changed", event)


class Heard:
    """A call in which the agent is speaking, or is not."""

    def __init__(self, *, agent_speaks: bool, remaining_s: float | None = None) -> None:
        self.session = FakeSession()
        playout = SimpleNamespace(is_speaking=agent_speaks, remaining_s=remaining_s)
        self.spoken = SpokenWords()
        self.interruptions = Interruptions(
            cast("RoomPlayout", playout),
            self.spoken,
            EchoCanceller(PlayedAudio(SAMPLE_RATE_HZ)),
            Backchannels(["yeah", "yes"]),
        )
        self.interruptions.watch(cast("AgentSession[Any]", self.session))

    async def admitted(self, *texts: str) -> list[str]:
        """What is left of transcripts of a sound that begins now."""
        self.session.caller_is("speaking")

        async def events() -> AsyncIterator[stt.SpeechEvent]:
            for text in texts:
                data = stt.SpeechData(language=cast("Any", "en"), text=text)
                yield stt.SpeechEvent(type=FINAL, alternatives=[data])

        heard = [event async for event in self.interruptions.admit(events())]
        self.session.caller_is("listening")
        return [event.alternatives[0].text for event in heard]

    async def says(self, text: str) -> None:
        """Let the agent have generated this reply."""

        async def parts() -> AsyncIterator[str]:
            yield text

        assert [part async for part in self.interruptions.note(parts())] == [text]


@pytest.mark.parametrize("text", ["Yeah.", ""])
async def test_what_is_no_turn_over_the_agent_is_dropped(text: str) -> None:
    """A backchannel, or a noise of which the recogniser made nothing."""
    assert await Heard(agent_speaks=True).admitted(text) == []


async def test_words_over_the_agent_are_a_turn() -> None:
    """Also right after a backchannel in the same breath."""
    heard = Heard(agent_speaks=True)
    assert await heard.admitted("Yeah.", "Yeah, but stop.") == ["Yeah, but stop."]


async def test_a_backchannel_in_silence_is_an_answer() -> None:
    """Where the agent is quiet, "yes" is a turn like any other."""
    assert await Heard(agent_speaks=False).admitted("Yes.") == ["Yes."]


async def test_yes_over_the_end_of_a_question_is_the_answer() -> None:
    """Callers do not wait for the last syllable of a question."""
    asked = Heard(agent_speaks=True, remaining_s=0.4)
    await asked.says("Shall I book the table?")
    assert await asked.admitted("Yes.") == ["Yes."]
    told = Heard(agent_speaks=True, remaining_s=0.4)
    await told.says("I have booked the table.")
    assert await told.admitted("Yes.") == []


async def test_the_agents_own_words_are_no_turn() -> None:
    """What comes back from a loudspeaker is dropped."""
    heard = Heard(agent_speaks=True)
    await heard.spoken.capture_text("We are open from nine until five.")
    assert await heard.admitted("open from nine until") == []


def test_the_framework_still_has_the_parts_that_are_used() -> None:
    """Floor touches private names; an upgrade that renames one fails here and not in a call."""
    activity = inspect.getsource(agent_activity.AgentActivity)
    for name in (
        "self._rt_session",
        "self._rt_turn_detection_enabled",
        "self._audio_recognition",
        "self._paused_speech",
        "def retrieve_chat_ctx(self)",
        "def _cancel_false_interruption_timer(self)",
        "def _restore_paused_speech_state(self, paused_speech",
    ):
        assert name in activity
    recognition = inspect.getsource(audio_recognition.AudioRecognition)
    for name in (
        "self._speech_start_time",
        "self._last_speaking_time",
        "self._end_of_turn_task",
        "def _clear_user_turn(self)",
        "def _run_eou_detection(",
    ):
        assert name in recognition
