"""The cascade: speech-to-text, language model, text-to-speech, each from its own provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livekit.agents import NOT_GIVEN, llm, stt, tts
from livekit.plugins import openai

from agent.pipeline.parts import Account, PipelineParts, account_of, chosen
from agent.settings import CascadeSettings, LlmSettings, OpenAISettings, SttSettings, TtsSettings


def build_cascade(
    settings: CascadeSettings, shared: OpenAISettings, *, language: str, voice: str | None
) -> PipelineParts:
    """The three models of one call; `voice` overrides the configured one.

    Raises:
        SettingsError: for a provider that is not known.
    """
    build_stt = chosen(STT_PROVIDERS, settings.stt.provider, "PARLEY_STT_PROVIDER")
    build_llm = chosen(LLM_PROVIDERS, settings.llm.provider, "PARLEY_LLM_PROVIDER")
    build_tts = chosen(TTS_PROVIDERS, settings.tts.provider, "PARLEY_TTS_PROVIDER")
    return PipelineParts(
        stt=build_stt(settings.stt, account_of(settings.stt, shared), language),
        llm=build_llm(settings.llm, account_of(settings.llm, shared)),
        tts=build_tts(settings.tts, account_of(settings.tts, shared), voice or settings.tts.voice),
    )


def _openai_stt(settings: SttSettings, account: Account, language: str) -> stt.STT[Any]:
    return openai.STT(
        model=settings.model,
        language=language,
        prompt=settings.prompt or NOT_GIVEN,
        base_url=account.base_url,
        api_key=account.api_key,
    )


def _openai_llm(settings: LlmSettings, account: Account) -> llm.LLM[Any]:
    return openai.LLM(
        model=settings.model,
        temperature=NOT_GIVEN if settings.temperature is None else settings.temperature,
        base_url=account.base_url,
        api_key=account.api_key,
    )


def _openai_tts(settings: TtsSettings, account: Account, voice: str) -> tts.TTS[Any]:
    return openai.TTS(
        model=settings.model,
        voice=voice,
        speed=settings.speed,
        # The plugin's default is mp3: slower to start, and decoded for nothing.
        response_format="pcm",
        base_url=account.base_url,
        api_key=account.api_key,
    )


STT_PROVIDERS: Mapping[str, Callable[[SttSettings, Account, str], stt.STT[Any]]] = {
    "openai": _openai_stt
}
LLM_PROVIDERS: Mapping[str, Callable[[LlmSettings, Account], llm.LLM[Any]]] = {
    "openai": _openai_llm
}
TTS_PROVIDERS: Mapping[str, Callable[[TtsSettings, Account, str], tts.TTS[Any]]] = {
    "openai": _openai_tts
}
"""Vendors by the name that PARLEY_…_PROVIDER gives; another vendor is another entry."""
