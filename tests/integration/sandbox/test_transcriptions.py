"""`/v1/audio/transcriptions` as OpenAI's own client and LiveKit's plugin use it."""

from __future__ import annotations

import asyncio
import io
import wave
from typing import Any

import aiohttp
import numpy as np
import openai
import pytest
from livekit import rtc
from livekit.plugins.openai import STT

from agent.sandbox import audio
from agent.sandbox.audio import Format
from agent.sandbox.script import Delays, Plan, ScriptedTranscript
from tests.caller.recognition import normalise
from tests.caller.speech import SAMPLE_RATE_HZ, speak
from tests.integration.sandbox.conftest import Sandbox

QUESTION = "What time is it in Paris right now?"
WORDS = normalise(QUESTION)


def wav(pcm: bytes, rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(pcm)
    return file.getvalue()


def question() -> bytes:
    return wav(speak(QUESTION).samples.tobytes())


async def transcribe(client: openai.AsyncOpenAI, data: bytes, **changes: Any) -> Any:
    """The transcription of a file, with some parameters set otherwise."""
    order = {"model": "gpt-4o-mini-transcribe", "file": ("speech.wav", data), **changes}
    return await client.audio.transcriptions.create(**order)


async def test_json_has_text_and_tokens(client: openai.AsyncOpenAI) -> None:
    """The usual answer: the words, and usage in tokens."""
    answer = await transcribe(client, question(), language="en", prompt="A question of time.")
    assert normalise(answer.text) == WORDS
    assert answer.usage.type == "tokens"
    assert answer.usage.total_tokens > answer.usage.output_tokens > 0


@pytest.mark.parametrize("format_", ["mp3", "opus", "aac", "flac"])
async def test_compressed_files_are_understood(client: openai.AsyncOpenAI, format_: Format) -> None:
    """What browsers and phones record is decoded."""
    encoder = audio.encoder(format_, SAMPLE_RATE_HZ)
    data = encoder.encode(speak(QUESTION).samples.tobytes()) + encoder.finish()
    answer = await transcribe(client, data, file=(f"speech.{format_}", data))
    assert normalise(answer.text) == WORDS


async def test_verbose_json_has_times(client: openai.AsyncOpenAI) -> None:
    """whisper-1's form: language by name, seconds, segments and words with their times."""
    answer = await transcribe(
        client,
        question(),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert answer.language == "english"
    assert answer.duration == pytest.approx(speak(QUESTION).duration_s, abs=0.01)
    assert normalise(answer.segments[0].text) == WORDS
    assert normalise(" ".join(word.word for word in answer.words)) == WORDS
    assert answer.usage.type == "duration"


async def test_text_and_subtitles(client: openai.AsyncOpenAI) -> None:
    """Plain text, SubRip and WebVTT."""
    assert normalise(await transcribe(client, question(), response_format="text")) == WORDS
    srt = await transcribe(client, question(), response_format="srt")
    assert srt.startswith("1\n00:00:00,")
    vtt = await transcribe(client, question(), response_format="vtt")
    assert vtt.startswith("WEBVTT\n\n00:00:00.")


async def test_events_join_to_the_text(client: openai.AsyncOpenAI) -> None:
    """With stream the words come one by one, then the whole text with usage."""
    *deltas, done = [event async for event in await transcribe(client, question(), stream=True)]
    assert len(deltas) > 5
    assert "".join(event.delta for event in deltas) == done.text
    assert normalise(done.text) == WORDS
    assert done.usage.total_tokens > 0


async def test_silence_has_no_words(client: openai.AsyncOpenAI) -> None:
    """A second of nothing is an empty text in every form, not an error."""
    silence = wav(bytes(SAMPLE_RATE_HZ * 2))
    assert (await transcribe(client, silence)).text == ""
    verbose = await transcribe(client, silence, response_format="verbose_json")
    assert (verbose.text, verbose.segments) == ("", [])
    (done,) = [event async for event in await transcribe(client, silence, stream=True)]
    assert done.text == ""


@pytest.mark.parametrize(
    ("data", "changes", "param"),
    [
        (b"", {}, "file"),
        (b"this is no audio", {}, "file"),
        (wav(bytes(200)), {}, "file"),
        (wav(bytes(96_000)), {"response_format": "morse"}, "response_format"),
        (wav(bytes(96_000)), {"temperature": 2}, "temperature"),
        (wav(bytes(96_000)), {"extra_body": {"loudness": "1"}}, "loudness"),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: openai.AsyncOpenAI, data: bytes, changes: dict[str, Any], param: str
) -> None:
    """An undecodable or too short file and wrong fields are a 400 that names the parameter."""
    with pytest.raises(openai.BadRequestError) as refusal:
        await transcribe(client, data, **changes)
    assert refusal.value.param == param


@pytest.mark.parametrize("field", ["file", "model"])
async def test_a_missing_field_is_named(sandbox: Sandbox, field: str) -> None:
    """A form without the file or the model says which is missing."""
    form = aiohttp.FormData({"language": "en"}, default_to_multipart=True)
    if field == "file":
        form.add_field("model", "whisper-1")
    else:
        form.add_field("file", question(), filename="speech.wav")
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.base_url}/audio/transcriptions", data=form) as response,
    ):
        error = (await response.json())["error"]
    assert response.status == 400
    assert (error["param"], error["code"]) == (field, "missing_required_parameter")


@pytest.mark.parametrize("size_bytes", [25 * 1024 * 1024 + 1, 40 * 1024 * 1024])
async def test_a_file_beyond_25_mb_is_refused(client: openai.AsyncOpenAI, size_bytes: int) -> None:
    """OpenAI's limit on a file's size is kept."""
    with pytest.raises(openai.APIStatusError) as refusal:
        await transcribe(client, bytes(size_bytes))
    assert refusal.value.status_code == 413
    assert refusal.value.type == "invalid_request_error"


async def test_a_scripted_transcript_is_answered_when_scripted(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """A script's words are answered instead of the real ones, no sooner than it says."""
    sandbox.script.load(
        Plan(delays=Delays(stt_s=0.25), transcripts=(ScriptedTranscript(text="open the door"),))
    )
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    assert (await transcribe(client, question())).text == "open the door"
    assert loop.time() - started_s >= 0.24
    assert normalise((await transcribe(client, question())).text) == WORDS


async def test_recognition_leaves_the_server_responsive(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """While two files are recognised at once, other requests are answered many times."""
    long = wav(np.tile(speak(QUESTION).samples, 3).tobytes())
    listening = asyncio.gather(*(transcribe(client, long) for _ in range(2)))
    answered = 0
    while not listening.done():
        await client.models.list()
        answered += 1
    assert all("paris" in normalise(answer.text) for answer in await listening)
    assert answered > 10


@pytest.mark.parametrize("model", ["gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1"])
async def test_livekit_stt_plugin_understands(sandbox: Sandbox, model: str) -> None:
    """The plugin that the worker uses, which asks whisper-1 for verbose JSON, gets the words."""
    clip = speak(QUESTION)
    frame = rtc.AudioFrame(clip.samples.tobytes(), SAMPLE_RATE_HZ, 1, len(clip.samples))
    # A client of our own, because the plugin never closes the one it makes.
    async with sandbox.client() as client:
        stt = STT(model=model, client=client, use_realtime=False)
        event = await stt.recognize(frame)
        await stt.aclose()
    assert normalise(event.alternatives[0].text) == WORDS
    assert event.alternatives[0].language == "en"
