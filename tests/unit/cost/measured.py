"""What the framework measures of a request, with the amounts that a test gives."""

from __future__ import annotations

from typing import Any

from livekit.agents.metrics import LLMMetrics, RealtimeModelMetrics, STTMetrics, TTSMetrics
from livekit.agents.metrics.base import Metadata

HOST = "api.openai.com"
_ALWAYS: dict[str, Any] = {"label": "label", "request_id": "1", "timestamp": 0.0, "duration": 1.0}


def _of(model: str) -> Metadata:
    return Metadata(model_name=model, model_provider=HOST)


def chat(
    *, read: int, cached: int = 0, written: int = 0, model: str = "gpt-4.1-mini"
) -> LLMMetrics:
    """A request to a language model."""
    return LLMMetrics(
        **_ALWAYS,
        ttft=0.1,
        cancelled=False,
        prompt_tokens=read,
        prompt_cached_tokens=cached,
        completion_tokens=written,
        total_tokens=read + written,
        tokens_per_second=1.0,
        metadata=_of(model),
    )


def voice(
    *,
    characters: int,
    audio_s: float,
    tokens: tuple[int, int] = (0, 0),
    cancelled: bool = False,
    model: str = "gpt-4o-mini-tts",
) -> TTSMetrics:
    """A text that is spoken."""
    return TTSMetrics(
        **_ALWAYS,
        ttfb=0.1,
        audio_duration=audio_s,
        cancelled=cancelled,
        characters_count=characters,
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        streamed=False,
        metadata=_of(model),
    )


def transcript(
    *, audio_s: float, model: str = "gpt-4o-mini-transcribe", **tokens: int
) -> STTMetrics:
    """An utterance that is written down."""
    return STTMetrics(
        **_ALWAYS, audio_duration=audio_s, streamed=False, metadata=_of(model), **tokens
    )


def response(
    *,
    text: int,
    audio: int,
    cached: tuple[int, int] = (0, 0),
    written: int = 0,
    spoken: int = 0,
    model: str = "gpt-realtime",
) -> RealtimeModelMetrics:
    """A reply of a realtime model."""
    return RealtimeModelMetrics(
        **_ALWAYS,
        input_tokens=text + audio,
        output_tokens=written + spoken,
        total_tokens=text + audio + written + spoken,
        input_token_details=RealtimeModelMetrics.InputTokenDetails(
            text_tokens=text,
            audio_tokens=audio,
            cached_tokens=sum(cached),
            cached_tokens_details=RealtimeModelMetrics.CachedTokenDetails(
                text_tokens=cached[0], audio_tokens=cached[1]
            ),
        ),
        output_token_details=RealtimeModelMetrics.OutputTokenDetails(
            text_tokens=written, audio_tokens=spoken
        ),
        metadata=_of(model),
    )
