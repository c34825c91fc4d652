"""The realtime API with a user who speaks: turns, transcripts, formats and interruptions."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import openai
import pytest
from numpy.typing import NDArray

from agent.sandbox.ears import Ears, EarsError, Transcript
from agent.sandbox.realtime import g711
from agent.sandbox.script import Plan
from tests.integration.sandbox.conftest import Sandbox, StartSandbox
from tests.integration.sandbox.realtime_talk import (
    RATE_HZ,
    joined,
    pcm,
    sound,
    speech,
    talk_with,
    types,
)

QUESTION = "What time is it in Tokyo?"
MANUAL = {"input": {"turn_detection": None, "transcription": {"model": "gpt-4o-transcribe"}}}
STORY = "Once upon a time there was a ship. " * 6


def will_say(sandbox: Sandbox, *texts: str) -> None:
    """Script the next replies."""
    sandbox.script.load(Plan.model_validate({"replies": [{"text": text} for text in texts]}))


def server_vad(**settings: object) -> dict[str, Any]:
    """The audio settings of a session whose turns are ended by silence."""
    return {"input": {"turn_detection": {"type": "server_vad", **settings}}}


async def test_a_spoken_turn_is_found_and_answered(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """Silence ends the turn; it is committed, transcribed and answered, in OpenAI's order."""
    will_say(sandbox, "It is noon.")
    async with talk_with(client) as talk:
        await talk.update(audio={"input": {"transcription": {"model": "gpt-4o-transcribe"}}})
        await talk.hear(bytes(RATE_HZ) + pcm(QUESTION))
        events = await talk.until("response.done")
    assert types(events)[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    started, stopped, committed, added = events[:4]
    assert 0 <= started["audio_start_ms"] <= 500
    spoken_ms = 500 + len(speech(QUESTION)) * 1000 // RATE_HZ
    assert spoken_ms - 200 <= stopped["audio_end_ms"] <= spoken_ms + 700
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == added["item"]["id"]
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    heard = joined(events, "conversation.item.input_audio_transcription.delta")
    completed = next(e for e in events if e["type"].endswith("transcription.completed"))
    assert completed["transcript"] == heard
    assert "tokyo" in heard.lower()
    assert completed["usage"]["type"] == "tokens"
    assert completed["usage"]["input_token_details"]["audio_tokens"] > 10
    assert events[-1]["response"]["usage"]["input_token_details"]["audio_tokens"] > 10


async def test_the_client_ends_the_turn_itself(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """Without turn detection nothing happens before a commit, and nobody answers unasked."""
    will_say(sandbox, "It is noon.")
    async with talk_with(client) as talk:
        await talk.update(audio=MANUAL)
        await talk.hear(pcm(QUESTION))
        assert types(await talk.settled()) == ["session.updated"]
        await talk.send("input_audio_buffer.commit")
        events = await talk.until("conversation.item.input_audio_transcription.completed")
        assert types(events)[:3] == [
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ]
        assert "tokyo" in events[-1]["transcript"].lower()
        assert "response.created" not in types(await talk.settled())
        reply = await talk.respond()
    assert joined(reply, "response.output_audio_transcript.delta") == "It is noon."


async def test_what_is_said_is_understood_without_transcription(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """The reply fits the spoken words though no transcription is configured, and none is sent."""
    replies = [{"match": "tokyo", "text": "Noon."}, {"text": "What?"}]
    sandbox.script.load(Plan.model_validate({"replies": replies}))
    async with talk_with(client) as talk:
        await talk.hear(pcm(QUESTION))
        events = await talk.until("response.done")
    assert joined(events, "response.output_audio_transcript.delta") == "Noon."
    assert not any("transcription" in event["type"] for event in events)


@pytest.mark.parametrize("silence_ms", [0, 60])
async def test_an_empty_commit_is_refused(client: openai.AsyncOpenAI, silence_ms: int) -> None:
    """Less than 100 ms of audio cannot be committed, and stays in the buffer."""
    async with talk_with(client) as talk:
        await talk.update(audio=MANUAL)
        await talk.hear(bytes(silence_ms * RATE_HZ // 1000 * 2))
        await talk.send("input_audio_buffer.commit", event_id="early")
        error = (await talk.wait_for("error"))["error"]
        assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "early")
        await talk.hear(bytes(RATE_HZ // 10 * 2))
        await talk.send("input_audio_buffer.commit")
        assert (await talk.next())["type"] == "input_audio_buffer.committed"


async def test_a_cleared_buffer_is_empty(client: openai.AsyncOpenAI) -> None:
    """What was cleared cannot be committed."""
    async with talk_with(client) as talk:
        await talk.update(audio=MANUAL)
        await talk.hear(pcm(QUESTION))
        await talk.send("input_audio_buffer.clear")
        assert (await talk.next())["type"] == "input_audio_buffer.cleared"
        await talk.send("input_audio_buffer.commit")
        assert (await talk.next())["error"]["code"] == "input_audio_buffer_commit_empty"


async def test_a_speaker_interrupts(client: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    """Speech during a response cancels it, and the next response answers what was said."""
    will_say(sandbox, STORY, "It is noon.")
    async with talk_with(client) as talk:
        await talk.send("response.create")
        await talk.wait_for("response.output_audio.delta")
        await talk.hear(pcm(QUESTION))
        events = await talk.until("response.done")
        cancelled = events[-1]["response"]
        assert "input_audio_buffer.speech_started" in types(events)
        assert cancelled["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert len(sound(talk.events)) // 2 < len(STORY) / 15 * RATE_HZ
        answered = await talk.until("response.done")
    assert joined(answered, "response.output_audio_transcript.delta") == "It is noon."


async def test_a_speaker_does_not_interrupt_where_that_is_off(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """With interrupt_response and create_response off, turns are told and nothing else happens."""
    will_say(sandbox, "Once upon a time there was a ship.", "It is noon.")
    async with talk_with(client) as talk:
        await talk.update(audio=server_vad(interrupt_response=False, create_response=False))
        await talk.send("response.create")
        await talk.wait_for("response.output_audio.delta")
        await talk.hear(pcm(QUESTION))
        await talk.wait_for("response.done")
        await talk.settled()
    names = types(talk.events)
    assert names.count("response.created") == 1
    assert names.count("input_audio_buffer.committed") == 1
    done = next(e for e in talk.events if e["type"] == "response.done")
    assert done["response"]["status"] == "completed"


async def test_a_longer_silence_may_be_asked_for(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """silence_duration_ms decides whether a pause of 700 ms ends the turn."""
    will_say(sandbox, "One.", "Two.", "Three.")
    pause = bytes(int(0.7 * RATE_HZ) * 2)
    twice = speech("Tell me something.").tobytes() + pause + pcm("About the weather.", silence_s=2)
    async with talk_with(client) as talk:
        await talk.update(audio=server_vad(silence_duration_ms=400, create_response=False))
        await talk.hear(twice)
        short = types(await talk.settled()).count("input_audio_buffer.committed")
        await talk.update(audio=server_vad(silence_duration_ms=1200))
        await talk.hear(twice)
        long = types(await talk.settled()).count("input_audio_buffer.committed")
    assert (short, long) == (2, 1)


async def test_an_unfinished_sentence_is_waited_for(client: openai.AsyncOpenAI) -> None:
    """semantic_vad ends a turn that sounds finished well before one that trails off."""
    waited_ms = {}
    for text in (QUESTION, "My name is Anna and I would like to"):
        async with talk_with(client) as talk:
            await talk.update(
                audio={"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}}
            )
            await talk.hear(pcm(text, silence_s=3))
            stopped = await talk.wait_for("input_audio_buffer.speech_stopped")
            waited_ms[text] = stopped["audio_end_ms"] - len(speech(text)) * 1000 // RATE_HZ
    finished, unfinished = waited_ms.values()
    assert finished < 700
    assert 700 < unfinished < 2_300


@pytest.mark.parametrize("law", ["pcmu", "pcma"])
async def test_telephone_audio_both_ways(
    client: openai.AsyncOpenAI, sandbox: Sandbox, ears: Ears, law: str
) -> None:
    """G.711 at 8 kHz is understood, and answered in G.711."""
    encode, decode = {
        "pcmu": (g711.ulaw_encode, g711.ulaw_decode),
        "pcma": (g711.alaw_encode, g711.alaw_decode),
    }[law]
    will_say(sandbox, "We are open from nine until five.")
    audio_format = {"format": {"type": f"audio/{law}"}}
    said = np.concatenate((speech(QUESTION, rate_hz=8_000), np.zeros(8_000, dtype=np.int16)))
    async with talk_with(client) as talk:
        transcription = {"transcription": {"model": "whisper-1", "language": "en"}}
        await talk.update(audio={"input": audio_format | transcription, "output": audio_format})
        await talk.hear(encode(said), chunk_bytes=1600)
        events = await talk.until("response.done")
    completed = next(e for e in events if e["type"].endswith("transcription.completed"))
    assert "tokyo" in completed["transcript"].lower()
    assert completed["usage"]["type"] == "duration"
    heard = await ears.transcribe(decode(sound(events)), sample_rate_hz=8_000)
    assert "nine" in heard.text.lower() or "9" in heard.text


async def test_silence_is_broken_by_the_assistant(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """After idle_timeout_ms without speech the silence is committed and a response is made."""
    will_say(sandbox, "Hello.", "Are you still there?")
    async with talk_with(client) as talk:
        await talk.update(audio=server_vad(idle_timeout_ms=300))
        await talk.hear(bytes(RATE_HZ))
        await talk.respond()
        await talk.hear(bytes(RATE_HZ * 2))
        events = await talk.until("response.done")
    assert types(events)[:3] == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
    ]
    silent_ms = events[0]["audio_end_ms"] - events[0]["audio_start_ms"]
    assert silent_ms == 300
    assert joined(events, "response.output_audio_transcript.delta") == "Are you still there?"


async def test_a_transcription_session_only_listens(client: openai.AsyncOpenAI) -> None:
    """intent=transcription gives turns and transcripts, and no responses."""
    async with talk_with(client, intent="transcription") as talk:
        session = talk.events[0]["session"]
        assert (session["type"], session["object"]) == (
            "transcription",
            "realtime.transcription_session",
        )
        audio = {"input": {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}}}
        await talk.send("session.update", session={"type": "transcription", "audio": audio})
        updated = (await talk.wait_for("session.updated"))["session"]
        assert updated["audio"]["input"]["transcription"]["model"] == "gpt-4o-transcribe"
        await talk.hear(pcm(QUESTION))
        events = await talk.until("conversation.item.input_audio_transcription.completed")
        assert "tokyo" in events[-1]["transcript"].lower()
        assert "conversation.item.input_audio_transcription.delta" in types(events)
        await talk.send("response.create")
        assert (await talk.wait_for("error"))["error"]["type"] == "invalid_request_error"
        await talk.send("session.update", session={"type": "realtime"})
        assert (await talk.wait_for("error"))["error"]["param"] == "session.type"
    assert "response.created" not in types(talk.events)


async def test_a_scripted_transcript_replaces_listening(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """One scripted transcript serves the transcription and the reply alike."""
    plan = {
        "transcripts": [{"text": "close the door"}],
        "replies": [{"match": "door", "text": "Closed."}],
    }
    sandbox.script.load(Plan.model_validate(plan))
    async with talk_with(client) as talk:
        await talk.update(audio=MANUAL)
        await talk.hear(bytes(RATE_HZ))
        await talk.send("input_audio_buffer.commit")
        completed = await talk.wait_for("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "close the door"
        reply = await talk.respond()
    assert joined(reply, "response.output_audio_transcript.delta") == "Closed."


class DeafEars:
    """Ears whose model is broken."""

    name = "deaf"

    async def warm(self) -> None:
        """Nothing shows yet."""

    async def transcribe(self, samples: NDArray[np.int16], **_: object) -> Transcript:
        """Fail."""
        raise EarsError("no model")

    def close(self) -> None:
        """Nothing to release."""


@pytest.fixture
async def deaf_client(start_sandbox: StartSandbox) -> AsyncIterator[openai.AsyncOpenAI]:
    """A client of a sandbox that hears nothing."""
    async with (await start_sandbox(ears=DeafEars())).client() as client:
        yield client


async def test_a_failed_recognition_is_told(
    deaf_client: openai.AsyncOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    """The item's transcription fails, the response fails, and the session goes on."""
    async with talk_with(deaf_client) as talk:
        await talk.update(audio=MANUAL)
        await talk.hear(bytes(RATE_HZ))
        await talk.send("input_audio_buffer.commit")
        failed = await talk.wait_for("conversation.item.input_audio_transcription.failed")
        assert failed["error"]["type"] == "server_error"
        done = (await talk.respond())[-1]["response"]
        assert (done["status"], done["status_details"]["error"]["type"]) == (
            "failed",
            "server_error",
        )
        await talk.settled()
    assert "no model" in caplog.text


async def test_twenty_callers_do_not_hear_each_other(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """Twenty sessions at once: each gets its own answer, whole and in order."""
    replies = [{"match": f"number {n}$", "text": f"You are caller {n}."} for n in range(20)]
    sandbox.script.load(Plan.model_validate({"replies": replies}))

    async def call(number: int) -> str:
        async with talk_with(client) as talk:
            await talk.hear(pcm("Hello there.", silence_s=0.1))
            await talk.say(f"I am number {number}")
            return joined(await talk.respond(), "response.output_audio_transcript.delta")

    answers = await asyncio.gather(*(call(number) for number in range(20)))
    assert answers == [f"You are caller {number}." for number in range(20)]


async def test_appended_audio_must_be_base64_of_samples(client: openai.AsyncOpenAI) -> None:
    """Bad base64 and half samples are refused, and the buffer stays as it was."""
    async with talk_with(client) as talk:
        await talk.update(audio=MANUAL)
        for audio in ("not base64!", "YWJj", "AAA", base64.b64encode(b"odd").decode()):
            await talk.send("input_audio_buffer.append", audio=audio)
            error = (await talk.next())["error"]
            assert (error["code"], error["param"]) == ("invalid_value", "audio")
        await talk.send("input_audio_buffer.commit")
        assert (await talk.next())["error"]["code"] == "input_audio_buffer_commit_empty"
