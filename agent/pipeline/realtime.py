"""The realtime pipeline: one model that hears and speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from livekit.agents import NOT_GIVEN, llm
from openai.types.realtime import AudioTranscription
from openai.types.realtime.realtime_audio_input_turn_detection import (
    RealtimeAudioInputTurnDetection,
    SemanticVad,
    ServerVad,
)

from agent.pipeline.parts import Account, PipelineParts, account_of, chosen
from agent.pipeline.realtime_link import (
    PATIENCE,
    LinkOptions,
    OnSession,
    OnUsage,
    ResilientModel,
    Summarise,
)
from agent.settings import OpenAISettings, RealtimeSettings, TurnSettings


def build_realtime(
    settings: RealtimeSettings,
    shared: OpenAISettings,
    turns: TurnSettings,
    *,
    language: str,
    voice: str | None,
    summarise: Summarise | None = None,
    on_usage: OnUsage = lambda _: None,
    on_session: OnSession = lambda _: None,
) -> PipelineParts:
    """The speech model of one call; `voice` overrides the configured one. With `summarise` a long
    conversation goes on in a renewed session with a summary of its beginning, else with an extract.
    `on_usage` is told what its sessions use, `on_session` is given each of them.

    Raises:
        SettingsError: for a provider that is not known.
    """
    build = chosen(REALTIME_PROVIDERS, settings.provider, "PARLEY_REALTIME_PROVIDER")
    detection = server_detection(settings) if turns.detection == "server" else None
    account = account_of(settings, shared)
    if turns.speculation == "off":
        settings = settings.model_copy(update={"max_wasted_per_min": 0})
    model = build(settings, account, language, voice or settings.voice, detection)
    if isinstance(model, ResilientModel):
        model.summarise = summarise
        model.on_usage = on_usage
        model.on_session = on_session
    return PipelineParts(llm=model)


def server_detection(settings: RealtimeSettings) -> RealtimeAudioInputTurnDetection:
    """The provider's own turn detection, as configured."""
    if settings.server_detection == "semantic_vad":
        return SemanticVad(
            type="semantic_vad",
            eagerness=settings.eagerness,
            create_response=True,
            interrupt_response=True,
        )
    return ServerVad(
        type="server_vad",
        threshold=settings.vad_threshold,
        prefix_padding_ms=round(settings.vad_prefix_padding_s * 1000),
        silence_duration_ms=round(settings.vad_silence_s * 1000),
        create_response=True,
        interrupt_response=True,
    )


def _openai_realtime(
    settings: RealtimeSettings,
    account: Account,
    language: str,
    voice: str,
    detection: RealtimeAudioInputTurnDetection | None,
) -> llm.RealtimeModel:
    noise_reduction = settings.noise_reduction
    return ResilientModel(
        link=LinkOptions(
            heartbeat_s=settings.heartbeat_s,
            first_audio_s=settings.first_audio_s,
            session_limit_s=settings.session_limit_s,
            max_wasted_per_min=settings.max_wasted_per_min,
        ),
        conn_options=PATIENCE,
        model=settings.model,
        voice=voice,
        speed=settings.speed,
        # None switches the provider's detector off: ours decides, and the silence that it waits
        # for is not paid twice.
        turn_detection=detection,
        input_audio_transcription=AudioTranscription(
            model=settings.transcription_model,
            language=language.partition("-")[0],
            prompt=settings.transcription_prompt,
        ),
        input_audio_noise_reduction=NOT_GIVEN if noise_reduction == "off" else noise_reduction,
        base_url=account.base_url,
        api_key=account.api_key,
    )


REALTIME_PROVIDERS: Mapping[
    str,
    Callable[
        [RealtimeSettings, Account, str, str, RealtimeAudioInputTurnDetection | None],
        llm.RealtimeModel,
    ],
] = {"openai": _openai_realtime}
"""Vendors by the name that PARLEY_REALTIME_PROVIDER gives."""
