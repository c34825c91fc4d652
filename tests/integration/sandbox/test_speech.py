"""`/v1/audio/speech` as OpenAI's own client and LiveKit's plugin hear it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import numpy as np
import openai
import pytest
from livekit.plugins.openai import TTS

from agent.sandbox import audio
from agent.sandbox.ears import Ears
from agent.sandbox.espeak import EspeakVoices
from agent.sandbox.script import Delays, Fault, Plan
from agent.sandbox.voices import SAMPLE_RATE_HZ
from tests.caller.recognition import Words, normalise
from tests.integration.sandbox.conftest import Sandbox, StartSandbox

TEXT = "Hello, this is your assistant. How can I help you today?"
FORMATS = ["pcm", "wav", "mp3", "opus", "aac", "flac"]


async def say(client: openai.AsyncOpenAI, **changes: Any) -> bytes:
    """The audio of the text, with some parameters set otherwise."""
    order = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": TEXT, **changes}
    return (await client.audio.speech.create(**order)).content


async def events(sandbox: Sandbox, **changes: Any) -> list[dict[str, Any]]:
    """The server-sent events of the text."""
    order = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": TEXT, "stream_format": "sse"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.base_url}/audio/speech", json=order | changes) as response,
    ):
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        lines = (await response.text()).split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]


@pytest.mark.parametrize("format_", FORMATS)
async def test_every_format_speaks_the_text(
    client: openai.AsyncOpenAI, ears: Ears, format_: str
) -> None:
    """In each of OpenAI's formats the recogniser hears the words that were sent."""
    data = await say(client, response_format=format_)
    if format_ == "pcm":
        samples, rate_hz = np.frombuffer(data, dtype="<i2"), SAMPLE_RATE_HZ
    else:
        samples, rate_hz = audio.decode(data)
    heard = await ears.transcribe(samples, sample_rate_hz=rate_hz)
    assert TEXT in Words(heard.text)


async def test_mp3_is_the_default_and_the_type_is_told(sandbox: Sandbox) -> None:
    """Without response_format the answer is MP3 and says so."""
    order = {"model": "tts-1", "voice": "nova", "input": "Hi."}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.base_url}/audio/speech", json=order) as response,
    ):
        assert response.content_type == "audio/mpeg"
        assert audio.decode(await response.read())


async def test_events_carry_the_same_audio(sandbox: Sandbox) -> None:
    """As server-sent events the audio comes in base64, and usage ends it."""
    *deltas, done = await events(sandbox, response_format="pcm")
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    pcm = b"".join(base64.b64decode(delta["audio"]) for delta in deltas)
    assert len(pcm) > 2 * SAMPLE_RATE_HZ * 2
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 10


async def test_faster_speech_is_shorter(client: openai.AsyncOpenAI) -> None:
    """Twice the speed makes about half the audio."""
    usual = await say(client, response_format="pcm")
    fast = await say(client, response_format="pcm", speed=2)
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.3)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"speed": 0.1}, "speed"),
        ({"speed": 4.5}, "speed"),
        ({"response_format": "midi"}, "response_format"),
        ({"stream_format": "sse", "model": "tts-1"}, "stream_format"),
        ({"voice": 3}, "voice"),
        ({"extra_body": {"loudness": 1}}, "loudness"),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: openai.AsyncOpenAI, changes: dict[str, Any], param: str
) -> None:
    """What is missing or out of range is a 400 that names the parameter."""
    with pytest.raises(openai.BadRequestError) as refusal:
        await say(client, **changes)
    assert refusal.value.param == param


async def test_a_custom_voice_speaks(client: openai.AsyncOpenAI) -> None:
    """A voice given by its id is answered in the default voice."""
    assert await say(client, voice={"id": "voice_1234"}, response_format="pcm")


class ObservedVoices(EspeakVoices):
    """Espeak that tells when a text's synthesis has ended, and how far it came."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.chunks = 0

    async def speak(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in super().speak(text, voice=voice, speed=speed, language=language):
                self.chunks += 1
                yield chunk
        finally:
            self.ended.set()


async def test_a_client_that_leaves_stops_the_synthesis(start_sandbox: StartSandbox) -> None:
    """When the client closes the connection in mid-text, the rest is never made."""
    voices = ObservedVoices()
    sandbox = await start_sandbox(voices=voices)
    async with sandbox.client() as client:
        order = client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input="All day long. " * 290, response_format="pcm"
        )
        async with order as response:
            await anext(response.iter_bytes())
    async with asyncio.timeout(10):
        await voices.ended.wait()
    whole_chunks = 290 * 0.8 / 0.06
    assert voices.chunks < whole_chunks / 2


async def test_the_first_byte_waits_for_the_script(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """The first audio comes no sooner than the script says."""
    sandbox.script.load(Plan(delays=Delays(tts_first_byte_s=0.3)))
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    await say(client, input="Hi.")
    assert loop.time() - started_s >= 0.29


async def test_a_drop_in_mid_audio(sandbox: Sandbox, client: openai.AsyncOpenAI) -> None:
    """A scripted drop cuts the audio after so many chunks."""
    sandbox.script.load(Plan(faults=(Fault(on="speech", kind="drop", after_events=5),)))
    with pytest.raises(openai.APIConnectionError):
        await say(client, response_format="pcm")


@pytest.mark.parametrize("model", ["tts-1", "gpt-4o-mini-tts"])
@pytest.mark.parametrize("format_", ["mp3", "pcm", "opus"])
async def test_livekit_tts_plugin_hears_the_words(
    sandbox: Sandbox, ears: Ears, model: str, format_: str
) -> None:
    """The plugin that the worker uses, which streams events or audio by model, gets the speech."""
    tts = TTS(model=model, response_format=format_, base_url=sandbox.base_url, api_key="any")
    frame = await tts.synthesize(TEXT).collect()
    await tts.aclose()
    heard = await ears.transcribe(
        np.frombuffer(frame.data, dtype=np.int16), sample_rate_hz=frame.sample_rate
    )
    assert "assistant" in normalise(heard.text)
