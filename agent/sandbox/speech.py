"""`POST /v1/audio/speech`: text spoken, in one of six formats, as it is made."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.sandbox import audio, tokens
from agent.sandbox.answers import ChunkedAnswer, EventStream, hold_until, read_json
from agent.sandbox.audio import CONTENT_TYPES, Format
from agent.sandbox.errors import invalid, invalid_fields
from agent.sandbox.provider import PROVIDER
from agent.sandbox.voices import SAMPLE_RATE_HZ

routes = web.RouteTableDef()

_OUTPUT_TOKENS_PER_S = 20
_BYTES_PER_S = SAMPLE_RATE_HZ * 2


def _voice_name(voice: object) -> object:
    """A custom voice comes as `{"id": …}`."""
    return voice.get("id") if isinstance(voice, dict) else voice


class SpeechRequest(BaseModel):
    """OpenAI's `SpeechCreateParams`, with its limits."""

    model_config = ConfigDict(extra="forbid")

    input: Annotated[str, Field(min_length=1, max_length=4096)]
    model: str
    voice: Annotated[str, BeforeValidator(_voice_name)]
    instructions: str | None = None
    response_format: Format = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["sse", "audio"] = "audio"


class SpeechUsage(BaseModel):
    """Usage in the event that ends a stream."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class SpeechAudioDelta(BaseModel):
    """A piece of the audio file, in base64."""

    type: Literal["speech.audio.delta"] = "speech.audio.delta"
    audio: str


class SpeechAudioDone(BaseModel):
    """The end of a stream."""

    type: Literal["speech.audio.done"] = "speech.audio.done"
    usage: SpeechUsage


@routes.post("/v1/audio/speech")
async def create_speech(request: web.Request) -> web.StreamResponse:
    """The audio, chunked or as server-sent events. A client that leaves stops the synthesis."""
    order = await _read(request)
    provider = request.app[PROVIDER]
    pcm = provider.voices.speak(order.input, voice=order.voice, speed=order.speed)
    async with aclosing(pcm), aclosing(_encoded(pcm, order.response_format)) as chunks:
        # The status line waits for the first chunk: until then a failure can still say so.
        first = await anext(chunks, b"")
        await hold_until(request, provider.script.delays.tts_first_byte_s)
        if order.stream_format == "sse":
            return await _send_events(request, order, first, chunks)
        return await _send_audio(request, order, first, chunks)


async def _read(request: web.Request) -> SpeechRequest:
    try:
        order = SpeechRequest.model_validate(await read_json(request))
    except ValidationError as fault:
        raise invalid_fields(fault) from fault
    available = audio.available_formats()
    if order.response_format not in available:
        raise invalid(
            f"{order.response_format} cannot be made here; there are {', '.join(available)}.",
            param="response_format",
        )
    if order.stream_format == "sse" and order.model.startswith("tts-1"):
        raise invalid(f"'sse' is not supported with {order.model}.", param="stream_format")
    return order


async def _encoded(
    pcm: AsyncGenerator[bytes, None], format_: Format
) -> AsyncGenerator[bytes, None]:
    encoder = await asyncio.to_thread(audio.encoder, format_, SAMPLE_RATE_HZ)
    async for chunk in pcm:
        if encoded := await asyncio.to_thread(encoder.encode, chunk):
            yield encoded
    if rest := await asyncio.to_thread(encoder.finish):
        yield rest


async def _send_audio(
    request: web.Request, order: SpeechRequest, first: bytes, rest: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    async with ChunkedAnswer(request, CONTENT_TYPES[order.response_format]) as answer:
        await answer.send(first)
        async for chunk in rest:
            await answer.send(chunk)
    return answer.response


async def _send_events(
    request: web.Request, order: SpeechRequest, first: bytes, rest: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    async with EventStream(request) as stream:
        await stream.event(_delta(first))
        size_bytes = len(first)
        async for chunk in rest:
            await stream.event(_delta(chunk))
            size_bytes += len(chunk)
        spoken, made = tokens.count(order.input), size_bytes * _OUTPUT_TOKENS_PER_S // _BYTES_PER_S
        usage = SpeechUsage(input_tokens=spoken, output_tokens=made, total_tokens=spoken + made)
        await stream.event(SpeechAudioDone(type="speech.audio.done", usage=usage))
    return stream.response


def _delta(chunk: bytes) -> SpeechAudioDelta:
    return SpeechAudioDelta(type="speech.audio.delta", audio=base64.b64encode(chunk).decode())
