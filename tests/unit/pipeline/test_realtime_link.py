"""What the realtime connection knows without a socket: budget, pace, audio and history."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import llm
from livekit.agents.llm.remote_chat_context import RemoteChatContext
from livekit.plugins.openai.realtime import RealtimeSession

from agent.pipeline.realtime_link import ResilientSession
from agent.pipeline.realtime_link.health import FaultBudget
from agent.pipeline.realtime_link.history import (
    in_order,
    mended,
    system_messages,
    told,
    waits_for_tool,
)
from agent.pipeline.realtime_link.transcript_pace import TranscriptPace
from agent.pipeline.realtime_link.turn_audio import LONGEST_S, TurnAudio

WORDS = "The quick brown fox jumps over the lazy dog"


class Clock:
    """A clock that a test moves."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_faults_far_apart_are_borne_for_ever() -> None:
    """A call of an hour may lose its connection now and then."""
    clock = Clock()
    budget = FaultBudget(5, 30.0, clock=clock)
    for _ in range(50):
        budget.spend()
        clock.now_s += 8
        assert not budget.is_exhausted


def test_the_fifth_fault_in_half_a_minute_is_one_too_many() -> None:
    """Four are borne, and a pause lets the count run out."""
    clock = Clock()
    budget = FaultBudget(5, 30.0, clock=clock)
    for _ in range(4):
        budget.spend()
        clock.now_s += 1
    assert not budget.is_exhausted
    budget.spend()
    assert budget.is_exhausted
    clock.now_s += 31
    assert not budget.is_exhausted


def test_words_wait_for_their_sound_and_none_is_split() -> None:
    """What is given out is what sounds, up to the end of a word that has begun."""
    pace = TranscriptPace(characters_per_s=10.0)
    assert pace.written("a", WORDS) == ""
    assert pace.spoken("a", 0.1) == "The"
    assert pace.spoken("a", 0.1) == ""
    assert pace.spoken("a", 0.6) == " quick"
    assert pace.finished("a", is_complete=True) == " brown fox jumps over the lazy dog"


def test_words_of_a_reply_that_was_cut_off_are_not_given_out() -> None:
    """Nobody heard them."""
    pace = TranscriptPace(characters_per_s=10.0)
    pace.written("a", WORDS)
    pace.spoken("a", 0.3)
    assert pace.finished("a", is_complete=False) == ""


def test_the_pace_of_the_voice_is_learned() -> None:
    """A voice twice as fast as supposed gets its words out in time from its second reply on."""
    pace = TranscriptPace(characters_per_s=10.0)
    pace.written("a", WORDS)
    pace.spoken("a", len(WORDS) / 20)
    pace.finished("a", is_complete=True)
    pace.written("b", WORDS)
    assert len(pace.spoken("b", 1.0)) >= 20


@given(
    st.lists(st.tuples(st.text(max_size=20), st.floats(0.0, 2.0)), max_size=20),
    st.sampled_from(["", "日本語です。", "word "]),
)
def test_all_words_of_a_whole_reply_come_out_once_and_in_order(
    steps: list[tuple[str, float]], more: str
) -> None:
    """However words and sound arrive, in whatever script."""
    pace = TranscriptPace()
    given_out = ""
    written = ""
    for words, seconds in steps:
        written += words + more
        given_out += pace.written("a", words + more)
        given_out += pace.spoken("a", seconds)
    given_out += pace.spoken("a", 0.01)
    assert given_out + pace.finished("a", is_complete=True) == written


def test_words_without_any_sound_are_not_given_out() -> None:
    """A reply that came mute was said by nobody."""
    pace = TranscriptPace()
    pace.written("a", WORDS)
    assert pace.finished("a", is_complete=True) == ""


def sound(level: int = 0) -> dict[str, Any]:
    samples = np.full(2_400, level, dtype="<i2")
    data = base64.b64encode(samples.tobytes()).decode()
    return {"type": "input_audio_buffer.append", "audio": data}


COMMIT: dict[str, Any] = {"type": "input_audio_buffer.commit"}


def committed(item_id: str) -> dict[str, Any]:
    return {"type": "input_audio_buffer.committed", "item_id": item_id}


def transcribed(item_id: str) -> dict[str, Any]:
    kind = "conversation.item.input_audio_transcription.completed"
    return {"type": kind, "item_id": item_id, "transcript": "words"}


def test_a_turn_is_kept_until_its_transcript_has_come() -> None:
    """Until then a new session would not know of it."""
    audio = TurnAudio()
    audio.sent(sound(1))
    audio.sent(COMMIT)
    audio.sent(sound(2))
    audio.received(committed("a"))
    assert list(audio.replay(commits=True)) == [sound(1), COMMIT, sound(2)]
    audio.received(committed("b"))
    audio.received(transcribed("b"))
    assert list(audio.replay(commits=True)) == [sound(2)]
    audio.sent({"type": "input_audio_buffer.clear"})
    assert list(audio.replay(commits=True)) == []


def test_a_turn_that_was_withdrawn_is_not_told_again() -> None:
    """Before or after the provider told of it, and before its commit went out."""
    early = {**COMMIT, "event_id": "early"}
    for told_first in (True, False):
        audio = TurnAudio()
        audio.sent(sound(1))
        audio.sent(early)
        if told_first:
            audio.received(committed("a"))
        audio.withdraw("early")
        assert list(audio.replay(commits=True)) == []
    audio = TurnAudio()
    audio.withdraw("early")
    audio.sent(sound(1))
    audio.sent(early)
    assert audio.is_settled
    audio.sent(sound(2))
    audio.sent(COMMIT)
    audio.received(committed("a"))  # of the one that was withdrawn
    audio.received(committed("b"))
    audio.received(transcribed("b"))
    assert list(audio.replay(commits=True)) == []


def test_a_turn_that_goes_on_is_mere_sound() -> None:
    """What was committed too early on a connection that is lost is not committed on the next."""
    audio = TurnAudio()
    audio.sent(sound(1))
    audio.sent({**COMMIT, "event_id": "early"})
    audio.sent(sound(2))
    audio.reopen("early", [sound(1)["audio"]])
    assert list(audio.replay(commits=True)) == [sound(1), sound(2)]


def test_a_provider_that_detects_turns_hears_their_ends_again() -> None:
    """Its turns are replayed as mere sound, and committed by itself."""
    audio = TurnAudio()
    audio.sent(sound(1))
    audio.received(committed("a"))
    audio.sent(sound(2))
    assert list(audio.replay(commits=False)) == [sound(1), sound(2)]


def test_no_more_than_half_a_minute_is_kept() -> None:
    """A caller who listens for an hour costs no memory."""
    audio = TurnAudio()
    for _ in range(5_000):
        audio.sent(sound())
    assert len(list(audio.replay(commits=True))) == LONGEST_S * 10


def test_a_moment_is_quiet_without_speech_and_open_turns() -> None:
    """The last second counts."""
    audio = TurnAudio()
    for _ in range(20):
        audio.sent(sound(3_000))
    assert not audio.is_settled
    for _ in range(10):
        audio.sent(sound(20))
    assert audio.is_settled
    audio.sent(COMMIT)
    assert not audio.is_settled


def message(item_id: str, *text: str, role: llm.ChatRole = "user") -> llm.ChatMessage:
    return llm.ChatMessage(id=item_id, role=role, content=list(text))


def mirror_of(*items: llm.ChatItem) -> RemoteChatContext:
    mirror = RemoteChatContext()
    previous = None
    for item in items:
        mirror.insert(previous, item)
        previous = item.id
    return mirror


def test_what_was_told_and_not_confirmed_is_not_forgotten() -> None:
    """Also when something newer was confirmed before it."""
    one, two, three = (message(number, number) for number in ("one", "two", "three"))
    items = told(mirror_of(two, three), [one, two])
    assert [item.id for item in items] == ["one", "two", "three"]


def test_a_new_session_learns_what_was_heard_and_nothing_half_made() -> None:
    """Replies as far as they were heard; no empty message, no call without its arguments."""
    items: list[llm.ChatItem] = [
        message("cut", "We are open from nine until five", role="assistant"),
        message("unheard", "Goodbye", role="assistant"),
        message("silent"),
        llm.FunctionCall(id="half", call_id="1", name="find", arguments=""),
        llm.FunctionCall(id="whole", call_id="2", name="find", arguments="{}"),
    ]
    kept = mended(items, heard={"cut": "We are open from", "unheard": " "}).to_chat_ctx().items
    assert [item.id for item in kept] == ["cut", "whole"]
    assert isinstance(kept[0], llm.ChatMessage)
    assert kept[0].text_content == "We are open from"


def test_system_messages_keep_their_place() -> None:
    """Each is told with the item it stands behind."""
    items = [message("a", "a", role="system"), message("b", "b"), message("c", role="system")]
    places = [(previous, item.id) for previous, item in system_messages(items)]
    assert places == [(None, "a"), ("b", "c")]


def test_a_call_without_result_is_waited_for() -> None:
    """A session is not renewed under a running tool."""
    call = llm.FunctionCall(call_id="1", name="find", arguments="{}")
    output = llm.FunctionCallOutput(call_id="1", name="find", output="it", is_error=False)
    assert waits_for_tool(llm.ChatContext([call]))
    assert not waits_for_tool(llm.ChatContext([call, output]))


def answer(*, reply_required: bool) -> llm.FunctionCallOutput:
    return llm.FunctionCallOutput(
        id="answer", call_id="1", output="Asked.", is_error=False, reply_required=reply_required
    )


CALL = llm.FunctionCall(id="call", call_id="1", name="book", arguments="{}")


def test_an_answer_that_nobody_waits_for_comes_before_the_callers_next_words() -> None:
    """It is told late, when the question that goes with it is over, and was there before."""
    asked, agreed = message("question", "Shall I?", role="assistant"), message("yes", "Yes.")
    late = [message("wish", "Book it."), CALL, asked, agreed, answer(reply_required=False)]
    ids = [item.id for item in in_order(late, known={"wish", "call", "question", "yes"})]
    assert ids == ["wish", "call", "question", "answer", "yes"]


def test_an_answer_that_is_to_be_told_stays_the_newest() -> None:
    """Nor is one moved that the provider has, or after which the caller said nothing."""
    late = [CALL, message("more", "And hurry."), answer(reply_required=True)]
    assert in_order(late, known=()) == late
    early = [CALL, message("more", "And hurry."), answer(reply_required=False)]
    assert in_order(early, known={"answer"}) == early
    at_once = [CALL, answer(reply_required=False), message("more", "And hurry.")]
    assert in_order(at_once, known=()) == at_once


def test_the_plugin_still_has_what_is_overridden() -> None:
    """A new version that renames a handler would silently pass ours by."""
    layers = ResilientSession.__mro__[: ResilientSession.__mro__.index(RealtimeSession)]
    overridden = {
        name
        for layer in layers
        for name in vars(layer)
        if name.startswith(("_handle_", "_run_", "_create_", "_main_", "_emit_"))
    }
    assert "_handle_response_created" in overridden
    assert [name for name in sorted(overridden) if not hasattr(RealtimeSession, name)] == []
