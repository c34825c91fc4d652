"""`POST /v1/audio/transcriptions`: an audio file in, its words out."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from aiohttp import web
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
)
from openai.types.audio.transcription import (
    UsageDuration,
    UsageTokens,
    UsageTokensInputTokenDetails,
)
from openai.types.audio.transcription_text_done_event import Usage as StreamUsage
from openai.types.audio.transcription_text_done_event import UsageInputTokenDetails
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.sandbox import audio, tokens
from agent.sandbox.answers import EventStream, hold_until, json_answer
from agent.sandbox.ears import Segment, Transcript
from agent.sandbox.errors import invalid, invalid_fields
from agent.sandbox.form import read_form
from agent.sandbox.provider import PROVIDER
from agent.sandbox.subtitles import srt, verbose, vtt

routes = web.RouteTableDef()

_SHORTEST_AUDIO_S = 0.1
_LARGEST_FILE_BYTES = 25 * 1024 * 1024
_AUDIO_TOKENS_PER_S = 10
_SUPPORTED = "flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav and webm"


class TranscriptionRequest(BaseModel):
    """The fields of OpenAI's `TranscriptionCreateParams` beside the file."""

    model_config = ConfigDict(extra="forbid")

    model: str
    language: str | None = None
    languages: list[str] = []
    keywords: list[str] = []
    prompt: str | None = None
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    temperature: Annotated[float, Field(ge=0, le=1)] = 0
    timestamp_granularities: list[Literal["word", "segment"]] = []
    stream: bool = False
    include: list[str] = []
    chunking_strategy: Any = None


_LISTS = ("languages", "keywords", "timestamp_granularities", "include")


@routes.post("/v1/audio/transcriptions")
async def create_transcription(request: web.Request) -> web.StreamResponse:
    """The transcript, in the form that was asked for."""
    order, data = await _read(request)
    transcript = await _transcribe(request, order, data)
    await hold_until(request, request.app[PROVIDER].script.delays.stt_s)
    # As at OpenAI, whisper-1 does not stream.
    if order.stream and order.model != "whisper-1":
        return await _send_events(request, transcript)
    match order.response_format:
        case "json":
            return json_answer(Transcription(text=transcript.text, usage=_usage(order, transcript)))
        case "verbose_json":
            return json_answer(verbose(transcript, order.timestamp_granularities))
        case "text":
            return web.Response(text=transcript.text + "\n")
        case "srt":
            return web.Response(text=srt(transcript), content_type="application/x-subrip")
        case "vtt":
            return web.Response(text=vtt(transcript), content_type="text/vtt")


async def _read(request: web.Request) -> tuple[TranscriptionRequest, bytes]:
    if request.content_type != "multipart/form-data":
        raise invalid("Send the audio as multipart/form-data.", code="invalid_content_type")
    file: bytes | None = None
    fields: dict[str, Any] = {}
    async for name, data in read_form(request, _LARGEST_FILE_BYTES):
        if name == "file":
            file = data
            continue
        text = data.decode("utf-8", "replace")
        plain = name.partition("[")[0]
        if plain in _LISTS:
            fields.setdefault(plain, []).append(text)
        else:
            fields[plain] = text
    if file is None:
        raise invalid(
            "Missing required parameter: 'file'.", param="file", code="missing_required_parameter"
        )
    try:
        return TranscriptionRequest.model_validate(fields), file
    except ValidationError as fault:
        raise invalid_fields(fault) from fault


async def _transcribe(request: web.Request, order: TranscriptionRequest, data: bytes) -> Transcript:
    provider = request.app[PROVIDER]
    try:
        samples, rate_hz = await asyncio.to_thread(audio.decode, data)
    except audio.AudioError as fault:
        raise invalid(
            f"Audio file might be corrupted or unsupported: {fault}. Supported are {_SUPPORTED}.",
            param="file",
        ) from fault
    duration_s = len(samples) / rate_hz
    if duration_s < _SHORTEST_AUDIO_S:
        raise invalid(
            f"Audio file is too short. Minimum audio length is {_SHORTEST_AUDIO_S} seconds.",
            param="file",
            code="audio_too_short",
        )
    scripted = provider.script.take_transcript()
    if scripted is not None:
        return scripted_transcript(scripted.text, order.language, duration_s)
    return await provider.ears.transcribe(
        samples,
        sample_rate_hz=rate_hz,
        language=order.language or next(iter(order.languages), None),
        prompt=order.prompt or ", ".join(order.keywords) or None,
        word_times="word" in order.timestamp_granularities,
    )


def scripted_transcript(text: str, language: str | None, duration_s: float) -> Transcript:
    """A transcript that was not heard but scripted; its words spread evenly over the audio."""
    words = text.split()
    step_s = duration_s / max(1, len(words))
    return Transcript(
        text=text,
        language=language or "en",
        duration_s=duration_s,
        segments=(Segment(text, 0.0, duration_s),) if text else (),
        words=tuple(
            Segment(word, place * step_s, (place + 1) * step_s) for place, word in enumerate(words)
        ),
    )


async def _send_events(request: web.Request, transcript: Transcript) -> web.StreamResponse:
    heard, said = _token_counts(transcript)
    async with EventStream(request) as stream:
        for piece in tokens.pieces(transcript.text):
            await stream.event(
                TranscriptionTextDeltaEvent(type="transcript.text.delta", delta=piece)
            )
        await stream.event(
            TranscriptionTextDoneEvent(
                type="transcript.text.done",
                text=transcript.text,
                usage=StreamUsage(
                    type="tokens",
                    input_tokens=heard,
                    output_tokens=said,
                    total_tokens=heard + said,
                    input_token_details=UsageInputTokenDetails(audio_tokens=heard, text_tokens=0),
                ),
            )
        )
    return stream.response


def _usage(order: TranscriptionRequest, transcript: Transcript) -> UsageTokens | UsageDuration:
    """Seconds for whisper-1, tokens for every other model, as OpenAI bills them."""
    if order.model == "whisper-1":
        return UsageDuration(type="duration", seconds=round(transcript.duration_s, 2))
    heard, said = _token_counts(transcript)
    return UsageTokens(
        type="tokens",
        input_tokens=heard,
        output_tokens=said,
        total_tokens=heard + said,
        input_token_details=UsageTokensInputTokenDetails(audio_tokens=heard, text_tokens=0),
    )


def _token_counts(transcript: Transcript) -> tuple[int, int]:
    heard = max(1, round(transcript.duration_s * _AUDIO_TOKENS_PER_S))
    return heard, tokens.count(transcript.text)
