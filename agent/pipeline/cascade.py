"""The cascade: speech-to-text, language model, text-to-speech, each from its own provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from livekit.agents import NOT_GIVEN, llm, stt, tts
from livekit.plugins import openai
from openai.types.beta.realtime.transcription_session_update_param import SessionTurnDetection

from agent.pipeline.connections import Connections
from agent.pipeline.deadlines import PromptLLM
from agent.pipeline.first_clause import FirstClauseTokenizer
from agent.pipeline.heard import Heard
from agent.pipeline.openai_voice import OpenAIVoice
from agent.pipeline.parts import Account, PipelineParts, account_of, chosen
from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.speculative_stt import SpeculativeSTT
from agent.settings import CascadeSettings, LlmSettings, OpenAISettings, SttSettings, TtsSettings


@dataclass(frozen=True, slots=True)
class CascadeContext:
    """What the three models of one call share, and what they know of it."""

    connections: Connections
    vad: SharedVAD
    """The session's detector."""
    language: str
    heard: Heard = field(default_factory=Heard)
    """What the caller is saying, where the transcript is asked for in pauses."""


def build_cascade(
    settings: CascadeSettings, shared: OpenAISettings, context: CascadeContext, *, voice: str | None
) -> PipelineParts:
    """The three models of one call; `voice` overrides the configured one.

    Raises:
        SettingsError: for a provider that is not known.
    """
    return PipelineParts(
        stt=build_stt(settings.stt, shared, context),
        llm=build_llm(settings.llm, shared, context),
        tts=build_tts(settings.tts, shared, context, voice=voice),
    )


def check_providers(settings: CascadeSettings) -> None:
    """See that there are providers of these names.

    Raises:
        SettingsError: for the first that is not known.
    """
    chosen(STT_PROVIDERS, settings.stt.provider, "PARLEY_STT_PROVIDER")
    chosen(LLM_PROVIDERS, settings.llm.provider, "PARLEY_LLM_PROVIDER")
    chosen(TTS_PROVIDERS, settings.tts.provider, "PARLEY_TTS_PROVIDER")


def build_stt(
    settings: SttSettings, shared: OpenAISettings, context: CascadeContext
) -> stt.STT[Any]:
    """The transcription of one call.

    Raises:
        SettingsError: for a provider that is not known.
    """
    build = chosen(STT_PROVIDERS, settings.provider, "PARLEY_STT_PROVIDER")
    return build(settings, account_of(settings, shared), context)


def build_llm(
    settings: LlmSettings, shared: OpenAISettings, context: CascadeContext
) -> llm.LLM[Any]:
    """The language model of one call.

    Raises:
        SettingsError: for a provider that is not known.
    """
    build = chosen(LLM_PROVIDERS, settings.provider, "PARLEY_LLM_PROVIDER")
    return build(settings, account_of(settings, shared), context)


def build_tts(
    settings: TtsSettings, shared: OpenAISettings, context: CascadeContext, *, voice: str | None
) -> tts.TTS[Any]:
    """The text-to-speech of one call, or of one persona in it.

    Raises:
        SettingsError: for a provider that is not known.
    """
    build = chosen(TTS_PROVIDERS, settings.provider, "PARLEY_TTS_PROVIDER")
    return build(settings, account_of(settings, shared), context, voice or settings.voice)


_TRANSCRIPTION_DETECTION: SessionTurnDetection = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    # The server only divides the audio here; that the turn is over is decided locally.
    "silence_duration_ms": 200,
}


def streams_transcripts(settings: SttSettings, account: Account) -> bool:
    """Whether the server's realtime transcription is used.

    Nothing tells what a server offers before it is called, so `auto` knows one: OpenAI itself.
    """
    if settings.streaming == "auto":
        return urlsplit(account.base_url).hostname == "api.openai.com"
    return settings.streaming == "on"


class _OpenAISTT(openai.STT):
    def set_language(self, language: str) -> None:
        """See HasLanguage."""
        self.update_options(language=language)


def _openai_stt(settings: SttSettings, account: Account, context: CascadeContext) -> stt.STT[Any]:
    streaming = streams_transcripts(settings, account)
    recogniser = _OpenAISTT(
        model=settings.model,
        language=context.language,
        prompt=settings.prompt or NOT_GIVEN,
        use_realtime=streaming,
        turn_detection=_TRANSCRIPTION_DETECTION if streaming else NOT_GIVEN,
        client=context.connections.client(account),
    )
    if streaming:
        return recogniser
    return SpeculativeSTT(
        recogniser,
        vad=context.vad,
        heard=context.heard,
        max_wasted_per_min=settings.max_wasted_per_min,
    )


def _openai_llm(settings: LlmSettings, account: Account, context: CascadeContext) -> llm.LLM[Any]:
    models = [
        openai.LLM(
            model=model,
            temperature=NOT_GIVEN if settings.temperature is None else settings.temperature,
            client=context.connections.client(account),
        )
        for model in (settings.model, *settings.fallback_models)
    ]
    return PromptLLM(models, first_token_s=settings.first_token_s)


def _openai_tts(
    settings: TtsSettings, account: Account, context: CascadeContext, voice: str
) -> tts.TTS[Any]:
    synthesisers = [
        openai.TTS(
            model=model,
            voice=voice,
            speed=settings.speed,
            # The plugin's default is mp3: slower to start, and decoded for nothing.
            response_format="pcm",
            client=context.connections.client(account),
        )
        for model in (settings.model, *settings.fallback_models)
    ]
    return OpenAIVoice(
        synthesisers,
        speed=settings.speed,
        first_audio_s=settings.first_audio_s,
        sentence_tokenizer=FirstClauseTokenizer(context.language),
    )


STT_PROVIDERS: Mapping[str, Callable[[SttSettings, Account, CascadeContext], stt.STT[Any]]] = {
    "openai": _openai_stt
}
LLM_PROVIDERS: Mapping[str, Callable[[LlmSettings, Account, CascadeContext], llm.LLM[Any]]] = {
    "openai": _openai_llm
}
TTS_PROVIDERS: Mapping[str, Callable[[TtsSettings, Account, CascadeContext, str], tts.TTS[Any]]] = {
    "openai": _openai_tts
}
"""Vendors by the name that PARLEY_…_PROVIDER gives; another vendor is another entry."""
