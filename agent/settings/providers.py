"""The models of both pipelines."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr

from agent.settings.forms import CommaList, Group, HttpUrl, var


class OpenAISettings(Group):
    """The account that serves every part without one of its own."""

    api_key: SecretStr | None = var("OPENAI_API_KEY", None)
    base_url: HttpUrl = var("OPENAI_BASE_URL", "https://api.openai.com/v1")


class RealtimeSettings(Group):
    """The speech-to-speech model of the realtime pipeline."""

    provider: str = var("PARLEY_REALTIME_PROVIDER", "openai")
    model: str = var("PARLEY_REALTIME_MODEL", "gpt-realtime")
    voice: str = var("PARLEY_REALTIME_VOICE", "marin")
    base_url: HttpUrl | None = var("PARLEY_REALTIME_BASE_URL", None)
    api_key: SecretStr | None = var("PARLEY_REALTIME_API_KEY", None)
    speed: float = var("PARLEY_REALTIME_SPEED", 1.0, ge=0.25, le=1.5)
    noise_reduction: Literal["near_field", "far_field", "off"] = var(
        "PARLEY_REALTIME_NOISE_REDUCTION", "off"
    )
    transcription_model: str = var("PARLEY_REALTIME_TRANSCRIPTION_MODEL", "gpt-4o-mini-transcribe")
    transcription_prompt: str | None = var("PARLEY_REALTIME_TRANSCRIPTION_PROMPT", None)
    words: bool = var("PARLEY_REALTIME_WORDS", True)
    """Whether the local turn detector looks at the words too, asked for by the cascade's STT."""
    max_wasted_per_min: int = var("PARLEY_REALTIME_MAX_WASTED_PER_MIN", 10, ge=0)
    """Replies asked for before a turn was over that may be in vain in a minute; 0 asks for none."""
    server_detection: Literal["server_vad", "semantic_vad"] = var(
        "PARLEY_REALTIME_SERVER_DETECTION", "semantic_vad"
    )
    """Which of the provider's detectors decides when PARLEY_TURN_DETECTION=server."""
    vad_threshold: float = var("PARLEY_REALTIME_VAD_THRESHOLD", 0.5, ge=0, le=1)
    vad_prefix_padding_s: float = var("PARLEY_REALTIME_VAD_PREFIX_PADDING_S", 0.3, ge=0, le=5)
    vad_silence_s: float = var("PARLEY_REALTIME_VAD_SILENCE_S", 0.5, ge=0.05, le=10)
    eagerness: Literal["low", "medium", "high", "auto"] = var("PARLEY_REALTIME_EAGERNESS", "auto")
    heartbeat_s: float = var("PARLEY_REALTIME_HEARTBEAT_S", 2.0, ge=0.5, le=60)
    """How long the provider may send nothing before it is pinged; half as long for the pong."""
    first_audio_s: float = var("PARLEY_REALTIME_FIRST_AUDIO_S", 3.0, ge=0.5, le=30)
    """How long a reply may take to begin before it is asked for again on a new connection."""
    session_limit_s: float = var("PARLEY_REALTIME_SESSION_LIMIT_S", 3600, ge=1)
    """How long the provider keeps a session."""


class SttSettings(Group):
    """Speech-to-text of the cascade; any OpenAI-compatible server serves."""

    provider: str = var("PARLEY_STT_PROVIDER", "openai")
    model: str = var("PARLEY_STT_MODEL", "gpt-4o-mini-transcribe")
    base_url: HttpUrl | None = var("PARLEY_STT_BASE_URL", None)
    api_key: SecretStr | None = var("PARLEY_STT_API_KEY", None)
    prompt: str | None = var("PARLEY_STT_PROMPT", None)
    streaming: Literal["auto", "on", "off"] = var("PARLEY_STT_STREAMING", "auto")
    """Whether to use the server's realtime transcription; `auto`: where it is known to be there."""
    max_wasted_per_min: int = var("PARLEY_STT_MAX_WASTED_PER_MIN", 20, ge=0)
    """Speculative requests that may be in vain in a minute of a call; 0 asks only at the end."""


class LlmSettings(Group):
    """The language model of the cascade; any OpenAI-compatible server serves."""

    provider: str = var("PARLEY_LLM_PROVIDER", "openai")
    model: str = var("PARLEY_LLM_MODEL", "gpt-4.1-mini")
    base_url: HttpUrl | None = var("PARLEY_LLM_BASE_URL", None)
    api_key: SecretStr | None = var("PARLEY_LLM_API_KEY", None)
    temperature: float | None = var("PARLEY_LLM_TEMPERATURE", None, ge=0, le=2)
    first_token_s: float = var("PARLEY_LLM_FIRST_TOKEN_S", 3.0, ge=0.5, le=60)
    """From the request to its first token; then it is asked again."""
    fallback_models: CommaList = var("PARLEY_LLM_FALLBACK_MODELS", ())
    """Of the same account, asked in turn when the first one fails or is late."""


class TtsSettings(Group):
    """Text-to-speech of the cascade; any OpenAI-compatible server serves."""

    provider: str = var("PARLEY_TTS_PROVIDER", "openai")
    model: str = var("PARLEY_TTS_MODEL", "gpt-4o-mini-tts")
    voice: str = var("PARLEY_TTS_VOICE", "marin")
    base_url: HttpUrl | None = var("PARLEY_TTS_BASE_URL", None)
    api_key: SecretStr | None = var("PARLEY_TTS_API_KEY", None)
    speed: float = var("PARLEY_TTS_SPEED", 1.0, ge=0.25, le=4)
    first_audio_s: float = var("PARLEY_TTS_FIRST_AUDIO_S", 3.0, ge=0.5, le=60)
    """From the request to its first audio; then it is asked again."""
    fallback_models: CommaList = var("PARLEY_TTS_FALLBACK_MODELS", ())
    """Of the same account, asked in turn when the first one fails or is late."""


class CascadeSettings(Group):
    """The three models of the speech-to-text, language model, text-to-speech pipeline."""

    stt: SttSettings
    llm: LlmSettings
    tts: TtsSettings
