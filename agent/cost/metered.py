"""The amounts to bill in what the framework measures of one request."""

from __future__ import annotations

from decimal import Decimal

from livekit.agents.metrics import (
    AgentMetrics,
    LLMMetrics,
    RealtimeModelMetrics,
    STTMetrics,
    TTSMetrics,
)

from agent.call.cost import Model, TokensRead, TokensWritten, Usage

SPOKEN_CHARACTERS_PER_S = 15
"""English, read aloud. A voice that is broken off may have been made to its end all the same: what
a provider had made by then is not told, so the whole text counts.
"""


def metered(metrics: AgentMetrics) -> tuple[Model, Usage] | None:
    """Whose work it was and how much; None for what nobody bills, such as a local detector."""
    match metrics:
        case LLMMetrics():
            usage = _of_chat(metrics)
        case RealtimeModelMetrics():
            usage = _of_realtime(metrics)
        case TTSMetrics():
            usage = _of_voice(metrics)
        case STTMetrics():
            usage = _of_transcription(metrics)
        case _:
            return None
    if not usage:
        return None
    about = metrics.metadata
    model = Model(
        (about.model_provider if about else None) or "",
        (about.model_name if about else None) or metrics.label,
    )
    return model, usage


def _of_chat(metrics: LLMMetrics) -> Usage:
    cached = min(metrics.prompt_cached_tokens, metrics.prompt_tokens)
    return Usage(
        input_tokens=metrics.prompt_tokens - cached,
        cached_input_tokens=cached,
        output_tokens=metrics.completion_tokens,
    )


def _of_realtime(metrics: RealtimeModelMetrics) -> Usage:
    read, written = metrics.input_token_details, metrics.output_token_details
    cached_of = read.cached_tokens_details
    return Usage.of_realtime(
        TokensRead(
            metrics.input_tokens,
            read.audio_tokens,
            read.cached_tokens,
            cached_of.audio_tokens if cached_of else 0,
        ),
        TokensWritten(metrics.output_tokens, written.audio_tokens),
        _seconds(metrics.session_duration),
    )


def _of_voice(metrics: TTSMetrics) -> Usage:
    audio_s = _seconds(metrics.audio_duration)
    told = bool(metrics.input_tokens or metrics.output_tokens)
    if metrics.cancelled and not told:
        audio_s = max(audio_s, Decimal(metrics.characters_count) / SPOKEN_CHARACTERS_PER_S)
    return Usage(
        input_tokens=metrics.input_tokens,
        output_audio_tokens=metrics.output_tokens,
        characters=metrics.characters_count,
        audio_s=audio_s,
        untold_audio_s=Decimal(0) if told else audio_s,
    )


def _of_transcription(metrics: STTMetrics) -> Usage:
    audio_s = _seconds(metrics.audio_duration)
    told = bool(metrics.input_tokens or metrics.output_tokens)
    # All of it is audio where the parts are not told: little else is sent.
    audio = min(metrics.input_audio_tokens or metrics.input_tokens, metrics.input_tokens)
    return Usage(
        input_tokens=metrics.input_tokens - audio,
        input_audio_tokens=audio,
        output_tokens=metrics.output_tokens,
        audio_s=audio_s,
        untold_audio_s=Decimal(0) if told else audio_s,
    )


def _seconds(value: float) -> Decimal:
    return Decimal(f"{max(0.0, value):.3f}")
