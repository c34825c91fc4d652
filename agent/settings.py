"""Every environment variable Parley reads, as one frozen model; nothing else reads the environment.

A group picks its variables out of the mapping by alias, so a test passes a dictionary. The
sandbox provider is a separate program and reads its own `PARLEY_SANDBOX_…` variables.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import load_dotenv
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agent.cost_profiles import PROFILES, CostProfile
from agent.errors import SettingsError

DEVELOPMENT_API_KEY = "parley-development"
DEVELOPMENT_API_SECRET = "parley-development-secret-not-for-production"  # noqa: S105 - public
"""The key of livekit.yaml, public by design: refused when PARLEY_ENV=production."""

MIN_SECRET_LENGTH = 32
"""livekit-server only logs an error for shorter secrets; in production Parley refuses them."""

SECRET_PREFIX = "PARLEY_SECRET_"  # noqa: S105 - the name of a name
"""Variables that the operator's file of tools may name; any others are none of its business."""

FOREIGN_PREFIXES = ("PARLEY_SANDBOX_", SECRET_PREFIX)

LANGUAGE_TAG = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"

Pipeline = Literal["realtime", "cascade"]
TurnDetection = Literal["local", "english", "multilingual", "vad", "server"]
EndpointingProfile = Literal["fast", "balanced", "patient", "dictation"]
Environment = Literal["development", "production"]
AdmissionRule = Literal["everyone", "nobody", "jwt", "link", "session", "callable"]
JwtAlgorithm = Literal[
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "HS256",
    "HS384",
    "HS512",
]

TEXT_DETECTORS: frozenset[TurnDetection] = frozenset({"english", "multilingual"})
"""Turn detectors that read the transcript."""


def _url_of(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(
                f"must be a URL that starts with {' or '.join(s + '://' for s in schemes)}"
            )
        return value.rstrip("/")

    return AfterValidator(check)


def _split_commas(value: Any) -> Any:
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


_DATABASE_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def _name_driver(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in _DATABASE_DRIVERS:
        raise ValueError("must be a URL that starts with sqlite:// or postgresql://")
    return f"{_DATABASE_DRIVERS[scheme]}://{rest}"


def _check_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            "must be a time zone of the IANA database, such as Europe/Berlin"
        ) from None
    return value


_TRANSFER_TARGET = re.compile(
    r"tel:\+[1-9][0-9]{5,14}|sips?:[A-Za-z0-9_.!~*'()&=+$;?/%-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?"
)


def _split_targets(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    targets: dict[str, str] = {}
    for part in _split_commas(value):
        name, _, address = (piece.strip() for piece in part.partition("="))
        if not name or not _TRANSFER_TARGET.fullmatch(address):
            raise ValueError("must be a list such as reception=tel:+4930123456, sales=sip:a@b.com")
        targets[name] = address
    return targets


def _split_amounts(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    amounts: dict[str, Decimal] = {}
    for part in _split_commas(value):
        name, _, amount = (piece.strip() for piece in part.partition("="))
        try:
            amounts[name] = Decimal(amount)
        except InvalidOperation:
            amounts[name] = Decimal("NaN")
        if not name or not (amounts[name].is_finite() and 0 < amounts[name] < 1_000_000):
            raise ValueError("must be a list of US dollars, such as acme=20, globex=5.50")
    return amounts


_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)")


def _split_rates(value: Any) -> Any:
    parts = _split_commas(value)
    if parts == ["off"]:
        return ()
    if not parts or not all(isinstance(each, str) and _RATE.fullmatch(each) for each in parts):
        raise ValueError("must be rates such as 10/minute, 100/hour, or off")
    return parts


def _check_redis(value: SecretStr) -> SecretStr:
    url = urlsplit(value.get_secret_value())
    if url.scheme not in ("redis", "rediss") or not url.hostname:
        raise ValueError("must be a URL that starts with redis:// or rediss://")
    return value


LiveKitUrl = Annotated[str, _url_of("ws", "wss", "http", "https")]
HttpUrl = Annotated[str, _url_of("http", "https")]
DatabaseUrl = Annotated[SecretStr, BeforeValidator(_name_driver)]
TimeZone = Annotated[str, AfterValidator(_check_time_zone)]
CommaList = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]
Countries = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...], BeforeValidator(_split_commas)
]
Port = Annotated[int, Field(ge=0, le=65535)]
Usd = Annotated[Decimal, Field(gt=0, lt=1_000_000)]
NonEmptySecret = Annotated[SecretStr, Field(min_length=1)]
LongSecret = Annotated[SecretStr, Field(min_length=MIN_SECRET_LENGTH)]
Rates = Annotated[tuple[str, ...], BeforeValidator(_split_rates)]
RedisUrl = Annotated[SecretStr, AfterValidator(_check_redis)]


class _Group(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )


def _var(name: str, default: Any = ..., **constraints: Any) -> Any:
    return Field(default, validation_alias=name, **constraints)


class LiveKitSettings(_Group):
    """The LiveKit server and how the worker is known to it."""

    url: LiveKitUrl = _var("LIVEKIT_URL")
    api_key: SecretStr = _var("LIVEKIT_API_KEY", min_length=1)
    api_secret: SecretStr = _var("LIVEKIT_API_SECRET", min_length=1)
    agent_name: str = _var("LIVEKIT_AGENT_NAME", "parley", min_length=1, max_length=64)
    public_url: LiveKitUrl | None = _var("PARLEY_LIVEKIT_PUBLIC_URL", None)
    """Where browsers reach the server when that differs from `url`."""

    @property
    def client_url(self) -> str:
        """The WebSocket address to hand to callers."""
        url = self.public_url or self.url
        return url.replace("http", "ws", 1) if url.startswith("http") else url


class OpenAISettings(_Group):
    """The account that serves every part without one of its own."""

    api_key: SecretStr | None = _var("OPENAI_API_KEY", None)
    base_url: HttpUrl = _var("OPENAI_BASE_URL", "https://api.openai.com/v1")


class RealtimeSettings(_Group):
    """The speech-to-speech model of the realtime pipeline."""

    provider: str = _var("PARLEY_REALTIME_PROVIDER", "openai")
    model: str = _var("PARLEY_REALTIME_MODEL", "gpt-realtime")
    voice: str = _var("PARLEY_REALTIME_VOICE", "marin")
    base_url: HttpUrl | None = _var("PARLEY_REALTIME_BASE_URL", None)
    api_key: SecretStr | None = _var("PARLEY_REALTIME_API_KEY", None)
    speed: float = _var("PARLEY_REALTIME_SPEED", 1.0, ge=0.25, le=1.5)
    noise_reduction: Literal["near_field", "far_field", "off"] = _var(
        "PARLEY_REALTIME_NOISE_REDUCTION", "off"
    )
    transcription_model: str = _var("PARLEY_REALTIME_TRANSCRIPTION_MODEL", "gpt-4o-mini-transcribe")
    transcription_prompt: str | None = _var("PARLEY_REALTIME_TRANSCRIPTION_PROMPT", None)
    words: bool = _var("PARLEY_REALTIME_WORDS", True)
    """Whether the local turn detector looks at the words too, asked for by the cascade's STT."""
    server_detection: Literal["server_vad", "semantic_vad"] = _var(
        "PARLEY_REALTIME_SERVER_DETECTION", "semantic_vad"
    )
    """Which of the provider's detectors decides when PARLEY_TURN_DETECTION=server."""
    vad_threshold: float = _var("PARLEY_REALTIME_VAD_THRESHOLD", 0.5, ge=0, le=1)
    vad_prefix_padding_s: float = _var("PARLEY_REALTIME_VAD_PREFIX_PADDING_S", 0.3, ge=0, le=5)
    vad_silence_s: float = _var("PARLEY_REALTIME_VAD_SILENCE_S", 0.5, ge=0.05, le=10)
    eagerness: Literal["low", "medium", "high", "auto"] = _var("PARLEY_REALTIME_EAGERNESS", "auto")
    heartbeat_s: float = _var("PARLEY_REALTIME_HEARTBEAT_S", 2.0, ge=0.5, le=60)
    """How long the provider may send nothing before it is pinged; half as long for the pong."""
    first_audio_s: float = _var("PARLEY_REALTIME_FIRST_AUDIO_S", 3.0, ge=0.5, le=30)
    """How long a reply may take to begin before it is asked for again on a new connection."""
    session_limit_s: float = _var("PARLEY_REALTIME_SESSION_LIMIT_S", 3600, ge=1)
    """How long the provider keeps a session."""


class SttSettings(_Group):
    """Speech-to-text of the cascade; any OpenAI-compatible server serves."""

    provider: str = _var("PARLEY_STT_PROVIDER", "openai")
    model: str = _var("PARLEY_STT_MODEL", "gpt-4o-mini-transcribe")
    base_url: HttpUrl | None = _var("PARLEY_STT_BASE_URL", None)
    api_key: SecretStr | None = _var("PARLEY_STT_API_KEY", None)
    prompt: str | None = _var("PARLEY_STT_PROMPT", None)
    streaming: Literal["auto", "on", "off"] = _var("PARLEY_STT_STREAMING", "auto")
    """Whether to use the server's realtime transcription; `auto`: where it is known to be there."""
    max_wasted_per_min: int = _var("PARLEY_STT_MAX_WASTED_PER_MIN", 20, ge=0)
    """Speculative requests that may be in vain in a minute of a call; 0 asks only at the end."""


class LlmSettings(_Group):
    """The language model of the cascade; any OpenAI-compatible server serves."""

    provider: str = _var("PARLEY_LLM_PROVIDER", "openai")
    model: str = _var("PARLEY_LLM_MODEL", "gpt-4.1-mini")
    base_url: HttpUrl | None = _var("PARLEY_LLM_BASE_URL", None)
    api_key: SecretStr | None = _var("PARLEY_LLM_API_KEY", None)
    temperature: float | None = _var("PARLEY_LLM_TEMPERATURE", None, ge=0, le=2)
    first_token_s: float = _var("PARLEY_LLM_FIRST_TOKEN_S", 3.0, ge=0.5, le=60)
    """From the request to its first token; then it is asked again."""
    fallback_models: CommaList = _var("PARLEY_LLM_FALLBACK_MODELS", ())
    """Of the same account, asked in turn when the first one fails or is late."""


class TtsSettings(_Group):
    """Text-to-speech of the cascade; any OpenAI-compatible server serves."""

    provider: str = _var("PARLEY_TTS_PROVIDER", "openai")
    model: str = _var("PARLEY_TTS_MODEL", "gpt-4o-mini-tts")
    voice: str = _var("PARLEY_TTS_VOICE", "marin")
    base_url: HttpUrl | None = _var("PARLEY_TTS_BASE_URL", None)
    api_key: SecretStr | None = _var("PARLEY_TTS_API_KEY", None)
    speed: float = _var("PARLEY_TTS_SPEED", 1.0, ge=0.25, le=4)
    first_audio_s: float = _var("PARLEY_TTS_FIRST_AUDIO_S", 3.0, ge=0.5, le=60)
    """From the request to its first audio; then it is asked again."""
    fallback_models: CommaList = _var("PARLEY_TTS_FALLBACK_MODELS", ())
    """Of the same account, asked in turn when the first one fails or is late."""


class CascadeSettings(_Group):
    """The three models of the speech-to-text, language model, text-to-speech pipeline."""

    stt: SttSettings
    llm: LlmSettings
    tts: TtsSettings


class TurnSettings(_Group):
    """Who decides that a caller has finished, and how long that decision may take."""

    detection: TurnDetection = _var("PARLEY_TURN_DETECTION", "local")
    endpointing: EndpointingProfile = _var("PARLEY_ENDPOINTING", "balanced")
    endpointing_min_s: float | None = _var("PARLEY_ENDPOINTING_MIN_S", None, ge=0, le=10)
    endpointing_max_s: float | None = _var("PARLEY_ENDPOINTING_MAX_S", None, ge=0, le=30)
    """None leaves the profile's own value, see `agent.pipeline.profiles`."""
    speculation: Literal["off", "words", "voice"] = _var("PARLEY_SPECULATION", "voice")
    """What of a reply the cascade makes while the turn may still go on."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        low, high = self.endpointing_min_s, self.endpointing_max_s
        if low is not None and high is not None and high < low:
            raise ValueError(
                "PARLEY_ENDPOINTING_MAX_S: must not be less than PARLEY_ENDPOINTING_MIN_S"
            )
        return self


class InterruptionSettings(_Group):
    """When a caller may talk over the agent, and what is not taken for talking over it."""

    min_speech_s: float = _var("PARLEY_INTERRUPTION_MIN_S", 0.2, ge=0, le=5)
    """Speech after which the agent falls silent; whether for good is decided after."""
    backchannels_folder: Path | None = _var("PARLEY_BACKCHANNELS_FOLDER", None)
    half_duplex: bool = _var("PARLEY_HALF_DUPLEX", False)
    noise_suppression: bool = _var("PARLEY_NOISE_SUPPRESSION", False)
    echo_warmup_s: float = _var("PARLEY_ECHO_WARMUP_S", 0.0, ge=0, le=30)
    """From the agent's first word, the caller is not heard while the agent speaks."""


class CallSettings(_Group):
    """What a call is like unless its job metadata says otherwise."""

    pipeline: Pipeline = _var("PARLEY_PIPELINE", "cascade")
    persona: str = _var("PARLEY_PERSONA", "frontdesk")
    language: str = _var("PARLEY_LANGUAGE", "en", pattern=LANGUAGE_TAG)
    join_timeout_s: float = _var("PARLEY_JOIN_TIMEOUT_S", 60, gt=0)
    """How long the agent waits in a room for its caller before it leaves."""
    notice: str = _var("PARLEY_NOTICE", "", max_length=2_000)
    """Said before the greeting: that this is a machine, that the call is recorded."""
    notice_uninterruptible: bool = _var("PARLEY_NOTICE_UNINTERRUPTIBLE", True)
    """Whether it is said to its end, whatever the caller says meanwhile."""


class PersonaSettings(_Group):
    """The characters that the agent can be."""

    folder: Path | None = _var("PARLEY_PERSONAS_DIR", None)
    """The operator's own; None for the bundled ones alone."""
    voices: bool = _var("PARLEY_PERSONA_VOICES", True)
    """Whether each speaks in its own voice; else all in the configured one."""
    max_handoffs: int = _var("PARLEY_MAX_HANDOFFS", 8, ge=0, le=100)
    """In one call, from persona to persona."""


class SupervisionSettings(_Group):
    """How long a caller may be left without a sound, and what may be done about it."""

    silence_limit_s: float = _var("PARLEY_SILENCE_LIMIT_S", 3.0, ge=1, le=20)
    """From the caller's last word to a sound: an answer, or a recording that asks for patience."""
    tool_limit_s: float = _var("PARLEY_TOOL_LIMIT_S", 20, gt=0)
    failover: bool = _var("PARLEY_FAILOVER", True)
    """Whether a call whose pipeline fails goes on in the other one."""
    idle_s: float = _var("PARLEY_IDLE_S", 30, ge=0)
    """Silence after which the caller is asked whether they are there; 0 for never."""
    no_progress_s: float = _var("PARLEY_NO_PROGRESS_S", 90, ge=1)
    """Sound without a word that is understood, as with music on hold, after which they are asked
    the same.
    """
    rejoin_grace_s: float = _var("PARLEY_REJOIN_GRACE_S", 15, ge=0, le=300)
    """How long a caller whose connection broke may take to come back to the same call."""


class DatabaseSettings(_Group):
    """Where appointments, orders, messages, what tools have done and records of calls are kept."""

    url: DatabaseUrl = _var(
        "PARLEY_DATABASE_URL", SecretStr("sqlite+aiosqlite:///data/parley.sqlite3")
    )
    """With the driver named, whichever form was given. It may hold a password."""


class RecordSettings(_Group):
    """The records of calls, which are kept in the database."""

    enabled: bool = _var("PARLEY_RECORDS", True)
    spool_folder: Path = _var("PARLEY_SPOOL_DIR", Path("data/spool"))
    """Where events wait that the database could not take."""
    audio: bool = _var("PARLEY_AUDIO_RECORDING", False)
    """Whether what is heard in a call is recorded as well."""
    audio_folder: Path = _var("PARLEY_AUDIO_DIR", Path("data/audio"))
    """Where the audio of calls is kept."""
    keep_audio_days: int = _var("PARLEY_KEEP_AUDIO_DAYS", 30, ge=0, le=36_500)
    keep_transcripts_days: int = _var("PARLEY_KEEP_TRANSCRIPTS_DAYS", 90, ge=0, le=36_500)
    """What was said, also to tools and by them. What goes with a whole record goes with it when
    that is sooner.
    """
    keep_records_days: int = _var("PARLEY_KEEP_RECORDS_DAYS", 365, ge=0, le=36_500)
    """Whole records, with who called. 0 is for ever, for each of the three."""
    lost_after_s: float = _var("PARLEY_RECORDS_LOST_AFTER_S", 90, ge=10)
    """A call whose record nobody has kept for so long is settled as lost. The framework bears with
    a job that does not answer for 60 s.
    """


class BusinessSettings(_Group):
    """The business that callers reach."""

    name: str = _var("PARLEY_BUSINESS_NAME", "Parley", min_length=1, max_length=80)
    """As the agent says it."""
    time_zone: TimeZone = _var("PARLEY_TIME_ZONE", "UTC")
    opening_hours: str = _var(
        "PARLEY_OPENING_HOURS", "mon-fri 09:00-17:00; sat 10:00-13:00", max_length=1_000
    )
    closed_days: CommaList = _var("PARLEY_CLOSED_DAYS", ())
    """Days on which it is closed whatever the weekday, such as 2026-12-25."""
    appointment_min: int = _var("PARLEY_APPOINTMENT_MIN", 30, ge=5, le=480)
    """How long an appointment is, in minutes."""
    orders_file: Path | None = _var("PARLEY_ORDERS_FILE", None)
    phone_region: str | None = _var("PARLEY_PHONE_REGION", None, pattern=r"^[A-Z]{2}$")
    """The country of telephone numbers that callers give without its code."""


class WeatherSettings(_Group):
    """Where the weather is looked up."""

    source: Literal["auto", "open-meteo", "climate"] = _var("PARLEY_WEATHER", "auto")
    """`auto`: Open-Meteo, and what is usual for the month where that cannot be reached."""
    url: HttpUrl = _var("PARLEY_WEATHER_URL", "https://api.open-meteo.com")
    geocoding_url: HttpUrl = _var(
        "PARLEY_WEATHER_GEOCODING_URL", "https://geocoding-api.open-meteo.com"
    )
    api_key: SecretStr | None = _var("PARLEY_WEATHER_API_KEY", None)
    timeout_s: float = _var("PARLEY_WEATHER_TIMEOUT_S", 4.0, ge=0.1, le=10)
    """For each of two requests, a second try included."""


class KnowledgeSettings(_Group):
    """What the operator wrote down for callers to ask about."""

    folder: Path | None = _var("PARLEY_KNOWLEDGE_DIR", None)
    """Of Markdown; None for the bundled sample."""


class TransferSettings(_Group):
    """Whom callers can be put through to."""

    targets: Annotated[dict[str, str], BeforeValidator(_split_targets)] = _var(
        "PARLEY_TRANSFER_TARGETS", {}
    )
    """Addresses by name: `tel:` with an E.164 number, or `sip:`."""


class ToolFileSettings(_Group):
    """The operator's own tools: HTTP endpoints and MCP servers."""

    file: Path | None = _var("PARLEY_TOOLS_FILE", None)
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """The variables with SECRET_PREFIX, which the file may name."""


class ToolCallSettings(_Group):
    """What a model may do with its tools in one call."""

    per_turn: int = _var("PARLEY_TOOL_CALLS_PER_TURN", 12, ge=1)
    """What it may call between two turns of the caller; a call that costs money counts twice, a
    dear one four times.
    """
    per_call: int = _var("PARLEY_TOOL_CALLS_PER_CALL", 200, ge=1)
    answer_characters: int = _var("PARLEY_TOOL_ANSWER_CHARACTERS", 4_000, ge=200, le=100_000)
    """What the model gets to read of one answer."""
    approval_s: float = _var("PARLEY_TOOL_APPROVAL_S", 45, ge=1, le=600)
    """How long an operator may take to allow a call that needs it."""
    answers_folder: Path | None = _var("PARLEY_ANSWERS_FOLDER", None)


class GuardrailSettings(_Group):
    """What may be said in a call, and what is done about what may not."""

    enabled: bool = _var("PARLEY_GUARDRAILS", True)
    file: Path | None = _var("PARLEY_GUARDRAILS_FILE", None)
    """Rules of one's own, in TOML, over those that come with Parley."""
    every_chars: int = _var("PARLEY_GUARDRAIL_EVERY_CHARS", 100, ge=10, le=2_000)
    """A reply is looked at after so many characters at the latest, and after each sentence."""
    first_clause: bool = _var("PARLEY_GUARDRAIL_FIRST_CLAUSE", True)
    """Whether the cascade speaks a reply's first clause, checked, before its sentence is whole."""
    max_trips: int = _var("PARLEY_GUARDRAIL_MAX_TRIPS", 3, ge=1, le=100)
    """The trip with which the call is ended."""
    max_turn_words: int = _var("PARLEY_GUARDRAIL_MAX_TURN_WORDS", 300, ge=0)
    max_turn_s: float = _var("PARLEY_GUARDRAIL_MAX_TURN_S", 120, ge=0)
    """A turn that goes on for longer is broken into; 0 for never."""
    judge_model: str = _var("PARLEY_GUARDRAIL_JUDGE_MODEL", "")
    """A chat model that is asked about each sentence; empty for none."""
    judge_base_url: HttpUrl | None = _var("PARLEY_GUARDRAIL_JUDGE_BASE_URL", None)
    judge_api_key: SecretStr | None = _var("PARLEY_GUARDRAIL_JUDGE_API_KEY", None)
    judge_limit_s: float = _var("PARLEY_GUARDRAIL_JUDGE_LIMIT_S", 1.5, ge=0.1, le=10)
    """A verdict that takes longer is not waited for."""


class CostSettings(_Group):
    """What calls may cost, in US dollars, and at which prices. None is no limit."""

    profile: CostProfile = _var("PARLEY_COST_PROFILE", "balanced")
    prices_file: Path | None = _var("PARLEY_PRICES_FILE", None)
    """Prices of one's own, in TOML, over those that come with Parley."""
    call_usd: Usd | None = _var("PARLEY_BUDGET_CALL_USD", None)
    day_usd: Usd | None = _var("PARLEY_BUDGET_DAY_USD", None)
    """For all calls of a day on the clock of the business."""
    tenant_usd: Usd | None = _var("PARLEY_BUDGET_TENANT_USD", None)
    """For all calls of one tenant on a day."""
    tenants: Annotated[dict[str, Usd], BeforeValidator(_split_amounts)] = _var(
        "PARLEY_BUDGET_TENANTS", {}
    )
    """The same, for tenants with an amount of their own."""

    def of_tenant(self, tenant: str | None) -> Decimal | None:
        """What this tenant's calls may cost on a day."""
        return None if tenant is None else self.tenants.get(tenant, self.tenant_usd)


class PrivacySettings(_Group):
    """What may be kept of a call, and how."""

    consent: Literal["off", "required"] = _var("PARLEY_CONSENT", "off")
    """`required`: transcript and audio are kept only of callers who said yes to it."""
    consent_question: str = _var("PARLEY_CONSENT_QUESTION", "", max_length=500)
    """In the words of the operator; empty for Parley's own in the caller's language."""
    consent_answer_s: float = _var("PARLEY_CONSENT_ANSWER_S", 6.0, ge=1, le=30)
    """From the question's end to an answer; then it is asked once more, and then counts as no."""
    redaction: bool = _var("PARLEY_REDACTION", True)
    """Whether personal data is taken out of what is kept."""
    redaction_countries: Countries = _var("PARLEY_REDACTION_COUNTRIES", ())
    """Whose national ids are looked for, and telephone numbers without their code; empty for the
    ids of all countries that there are.
    """
    redaction_words: CommaList = _var("PARLEY_REDACTION_WORDS", ())
    redaction_file: Path | None = _var("PARLEY_REDACTION_FILE", None)
    """Words, regular expressions and ids of one's own, in TOML."""
    records_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_RECORDS_KEYS", ()
    )
    """What is kept of words and audio is sealed with the first and can be opened with all."""


class EventSettings(_Group):
    """Who is told what happens in a call, besides its record."""

    topic: bool = _var("PARLEY_EVENTS", True)
    """Whether the caller's client and operators in the room are, on topic `parley.events`."""
    cost: bool = _var("PARLEY_EVENTS_COST", False)
    """Whether the caller's client is told what the call costs."""
    listeners: CommaList = _var("PARLEY_LISTENERS", ())
    """Functions of the operator's, as `package.module:function`."""


class WebhookSettings(_Group):
    """Requests to the operator's own servers."""

    urls: Annotated[tuple[SecretStr, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_WEBHOOK_URLS", ()
    )
    """Secret, because some services have their key in it."""
    secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_WEBHOOK_SECRETS", ()
    )
    events: CommaList = _var("PARLEY_WEBHOOK_EVENTS", ())
    """Which are sent; empty for `agent.publishing.webhooks.USUAL`."""
    allow_hosts: CommaList = _var("PARLEY_WEBHOOK_ALLOW_HOSTS", ())
    """Hosts with their port that may be anywhere, and need no https."""
    try_s: float = _var("PARLEY_WEBHOOK_TIMEOUT_S", 10.0, ge=0.1, le=60)
    """For one request."""
    give_up_s: float = _var("PARLEY_WEBHOOK_GIVE_UP_S", 60.0, ge=1, le=600)
    """For all tries at one event."""
    dead_letters: Path = _var("PARLEY_WEBHOOK_DEAD_LETTERS", Path("data/webhooks/dead.jsonl"))
    """Where is kept what nobody took."""


class WorkerSettings(_Group):
    """How much one worker takes on and how it ends."""

    health_host: str = _var("PARLEY_WORKER_HOST", "127.0.0.1")
    health_port: Port = _var("PARLEY_WORKER_PORT", 8081)
    metrics_port: Port | None = _var("PARLEY_METRICS_PORT", None)
    """Where Prometheus finds metrics at `/metrics`, on the same host; None for nowhere."""
    max_calls: int = _var("PARLEY_MAX_CALLS", 0, ge=0)
    """Calls at once; 0 derives it from the processor: four for each core."""
    idle_processes: int = _var("PARLEY_IDLE_PROCESSES", 1, ge=0)
    process_start_timeout_s: float = _var("PARLEY_PROCESS_START_TIMEOUT_S", 60, gt=0)
    drain_timeout_s: int = _var("PARLEY_DRAIN_TIMEOUT_S", 3600, ge=0)
    job_memory_limit_mb: float = _var("PARLEY_JOB_MEMORY_LIMIT_MB", 1500, ge=0)

    @property
    def calls_at_once(self) -> int:
        """The number of calls at which this worker counts as full."""
        return self.max_calls or 4 * (os.cpu_count() or 1)


class WebSettings(_Group):
    """The page and the token endpoint."""

    host: str = _var("PARLEY_WEB_HOST", "127.0.0.1")
    port: Port = _var("PARLEY_WEB_PORT", 8000)
    cors_origins: CommaList = _var("PARLEY_WEB_CORS_ORIGINS", ())
    token_ttl_s: int = _var("PARLEY_TOKEN_TTL_S", 300, ge=120, le=3600)


class AdmissionSettings(_Group):
    """Who may call: each call costs money."""

    rule: AdmissionRule | None = _var("PARLEY_ADMISSION", None)
    """None is everyone in development, and no start of the web server in production."""
    link_keys: Annotated[tuple[LongSecret, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_LINK_KEYS", ()
    )
    """Links are signed with the first, and valid with any."""
    session_keys: Annotated[tuple[LongSecret, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_SESSION_KEYS", ()
    )
    """What the operator's site signs the cookie with that says who is signed in there."""
    function: str | None = _var(
        "PARLEY_ADMISSION_CALLABLE", None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"
    )
    """The operator's own rule, such as `company.calls:admit`."""
    check_workers: bool = _var("PARLEY_CHECK_WORKERS", True)
    """Whether a call is refused that no worker would take."""


class JwtSettings(_Group):
    """What a JWT of the operator's issuer must be like to let its bearer call."""

    key_set_url: HttpUrl | None = _var("PARLEY_JWT_JWKS_URL", None)
    key: NonEmptySecret | None = _var("PARLEY_JWT_KEY", None)
    """In place of the URL: a public key in PEM, or a secret shared with the issuer."""
    issuer: str | None = _var("PARLEY_JWT_ISSUER", None)
    audience: str | None = _var("PARLEY_JWT_AUDIENCE", None)
    algorithms: Annotated[tuple[JwtAlgorithm, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_JWT_ALGORITHMS", ("RS256", "ES256"), min_length=1
    )
    user_claim: str = _var("PARLEY_JWT_USER_CLAIM", "sub", min_length=1)
    tenant_claim: str | None = _var("PARLEY_JWT_TENANT_CLAIM", None)
    """None: what the issuer says of tenants is not asked for."""


class RateSettings(_Group):
    """How often calls may be asked for."""

    address: Rates = _var("PARLEY_RATE_ADDRESS", ("30/minute", "300/hour"))
    user: Rates = _var("PARLEY_RATE_USER", ("10/minute", "100/hour"))
    store_url: RedisUrl | None = _var("PARLEY_RATE_STORE_URL", None)
    """Where several web servers count together; None counts in each process for itself."""
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_TRUSTED_PROXIES", ()
    )
    """Whose X-Forwarded-For is believed."""


class DirectSettings(_Group):
    """Calls in which a browser talks with the realtime provider itself, without a room."""

    mode: Literal["auto", "on", "off"] = _var("PARLEY_DIRECT", "auto")
    """`auto`: in development only, where there is a provider's key."""
    public_url: HttpUrl | None = _var("PARLEY_DIRECT_PUBLIC_URL", None)
    """Where browsers reach the provider when that differs from its address for this server."""
    secret_s: int = _var("PARLEY_DIRECT_SECRET_S", 60, ge=10, le=600)
    """How long a page may take to connect with the secret that it was given."""
    call_s: int = _var("PARLEY_DIRECT_CALL_S", 1800, ge=60, le=3600)
    """How long such a call may be; after that its page hangs up and its tools are refused."""
    max_calls: int = _var("PARLEY_DIRECT_MAX_CALLS", 50, ge=1, le=1_000)
    """At once, for each web server."""


class OfferSettings(_Group):
    """What visitors of the page may choose; see `agent.web.offer` for where nothing is named."""

    personas: CommaList = _var("PARLEY_OFFER_PERSONAS", ())
    pipelines: Annotated[tuple[Pipeline, ...], BeforeValidator(_split_commas)] = _var(
        "PARLEY_OFFER_PIPELINES", ()
    )
    languages: Annotated[
        tuple[Annotated[str, Field(pattern=LANGUAGE_TAG)], ...], BeforeValidator(_split_commas)
    ] = _var("PARLEY_OFFER_LANGUAGES", ())
    voices: CommaList = _var("PARLEY_OFFER_VOICES", ())


class OperatorSettings(_Group):
    """Who may read the records of calls over the web."""

    secret: SecretStr | None = _var("PARLEY_OPERATOR_SECRET", None, min_length=MIN_SECRET_LENGTH)
    """Operators' tokens are signed with it. None shows records on a developer's machine only."""


class Settings(BaseSettings):
    """All of it. Built by `load_settings`; each part of the program receives its own group."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Environment = "development"
    livekit: LiveKitSettings
    openai: OpenAISettings
    call: CallSettings
    turns: TurnSettings
    interruptions: InterruptionSettings
    personas: PersonaSettings
    supervision: SupervisionSettings
    guardrails: GuardrailSettings
    cost: CostSettings
    database: DatabaseSettings
    records: RecordSettings
    business: BusinessSettings
    weather: WeatherSettings
    knowledge: KnowledgeSettings
    transfer: TransferSettings
    tool_file: ToolFileSettings
    tool_calls: ToolCallSettings
    privacy: PrivacySettings
    events: EventSettings
    webhooks: WebhookSettings
    realtime: RealtimeSettings
    cascade: CascadeSettings
    worker: WorkerSettings
    web: WebSettings
    admission: AdmissionSettings
    jwt: JwtSettings
    rates: RateSettings
    direct: DirectSettings
    offer: OfferSettings
    operators: OperatorSettings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` passes: the mapping it was given is the whole truth."""
        return (init_settings,)


def load_env_files(folder: Path = Path()) -> None:
    """Put the variables of `.env.local` and `.env` into the environment, child processes included.

    What is set already stays; `.env.local` goes before `.env`.
    """
    for name in (".env.local", ".env"):
        load_dotenv(folder / name)


def load_settings(environ: Mapping[str, str], *, calls_providers: bool = True) -> Settings:
    """The settings of a mapping of environment variables; empty values count as unset.

    Args:
        environ: Variables by name.
        calls_providers: False for a program that needs no provider's key, such as the web page.

    Raises:
        SettingsError: with every fault there is, by variable name and never by value.
    """
    given = {name: value for name, value in environ.items() if value.strip()}
    given = {**PROFILES.get(given.get("PARLEY_COST_PROFILE", ""), {}), **given}
    faults = list(_unknown_variables(given))
    settings = None
    try:
        settings = Settings(
            environment=given.get("PARLEY_ENV", "development"),
            # Each group picks its own variables.
            livekit=given,
            openai=given,
            call=given,
            turns=given,
            interruptions=given,
            personas=given,
            supervision=given,
            guardrails=given,
            cost=given,
            database=given,
            records=given,
            business=given,
            weather=given,
            knowledge=given,
            transfer=given,
            tool_file={**given, "secrets": _secrets(given)},
            tool_calls=given,
            privacy=given,
            events=given,
            webhooks=given,
            realtime=given,
            cascade={"stt": given, "llm": given, "tts": given},
            worker=given,
            web=given,
            admission=given,
            jwt=given,
            rates=given,
            direct=given,
            offer=given,
            operators=given,
        )
    except ValidationError as error:
        faults += [_describe(detail) for detail in error.errors(include_input=False)]
    else:
        faults += _mixed_choices(settings)
        faults += _shared_secrets(settings)
        if calls_providers:
            faults += _missing_keys(settings)
        if settings.environment == "production":
            faults += _unsafe_for_production(settings)
    if faults or settings is None:
        raise SettingsError(sorted(set(faults)))
    return settings


_SomeGroup = TypeVar("_SomeGroup", bound=BaseModel)


def load_group(group: type[_SomeGroup], environ: Mapping[str, str]) -> _SomeGroup:
    """One group of a mapping, for a command that needs no more; see `load_settings`.

    Raises:
        SettingsError: with every fault of this group.
    """
    try:
        return group.model_validate({name: v for name, v in environ.items() if v.strip()})
    except ValidationError as error:
        faults = [_describe(detail) for detail in error.errors(include_input=False)]
        raise SettingsError(faults) from None


def load_settings_or_exit(environ: Mapping[str, str], *, calls_providers: bool = True) -> Settings:
    """As `load_settings`; faults are printed to stderr and the process exits with code 2."""
    try:
        return load_settings(environ, calls_providers=calls_providers)
    except SettingsError as error:
        exit_with_faults(error)


def exit_with_faults(error: SettingsError) -> NoReturn:
    """Say on stderr which settings are wrong, and exit with code 2."""
    lines = "\n".join(f"  {fault}" for fault in error.faults)
    print(  # noqa: T201 - before logging stands
        f"Parley cannot start, please correct these settings:\n{lines}\n"
        "Every variable is explained in .env.example.",
        file=sys.stderr,
    )
    raise SystemExit(2) from None


def variable_names() -> tuple[str, ...]:
    """Every variable that is read, sorted."""

    def of(group: type[BaseModel]) -> Iterator[str]:
        for field in group.model_fields.values():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                yield from of(field.annotation)
            elif isinstance(field.validation_alias, str):
                yield field.validation_alias

    return tuple(sorted({"PARLEY_ENV", *of(Settings)}))


def _describe(detail: Any) -> str:
    # A fault in one item of a list is told by the variable that holds the list.
    name = next((part for part in reversed(detail["loc"]) if isinstance(part, str)), "")
    if name == "environment":
        name = "PARLEY_ENV"
    if detail["type"] == "missing":
        return f"{name}: is not set"
    message = detail["msg"].removeprefix("Value error, ")
    # A fault between two variables names them itself; its location is their group.
    return message if not str(name).isupper() else f"{name}: {message[0].lower()}{message[1:]}"


def _secrets(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name.startswith(SECRET_PREFIX)}


def _unknown_variables(given: Mapping[str, str]) -> Iterator[str]:
    known = variable_names()
    for name in given:
        if (
            name.startswith("PARLEY_")
            and name not in known
            and not name.startswith(FOREIGN_PREFIXES)
        ):
            near = difflib.get_close_matches(name, known, n=1)
            yield f"{name}: is not a setting" + (f"; did you mean {near[0]}?" if near else "")


def _mixed_choices(settings: Settings) -> Iterator[str]:
    if settings.turns.detection == "server" and settings.call.pipeline == "cascade":
        yield (
            "PARLEY_TURN_DETECTION: server works only with PARLEY_PIPELINE=realtime;"
            " choose local, english, multilingual or vad"
        )
    if settings.turns.detection in TEXT_DETECTORS and settings.call.pipeline == "realtime":
        # They read the transcript, which a speech model gives only after the turn.
        yield (
            f"PARLEY_TURN_DETECTION: {settings.turns.detection} works only with"
            " PARLEY_PIPELINE=cascade; choose local, vad or server"
        )


def _shared_secrets(settings: Settings) -> Iterator[str]:
    secret = settings.operators.secret
    if secret is not None and secret == settings.livekit.api_secret:
        yield "PARLEY_OPERATOR_SECRET: must be another one than LIVEKIT_API_SECRET"


def _missing_keys(settings: Settings) -> Iterator[str]:
    needed = {
        "realtime": {"PARLEY_REALTIME_API_KEY": settings.realtime.api_key},
        "cascade": {
            "PARLEY_STT_API_KEY": settings.cascade.stt.api_key,
            "PARLEY_LLM_API_KEY": settings.cascade.llm.api_key,
            "PARLEY_TTS_API_KEY": settings.cascade.tts.api_key,
        },
    }[settings.call.pipeline]
    missing = [name for name, key in needed.items() if key is None]
    if settings.openai.api_key is None and missing:
        yield f"OPENAI_API_KEY: is not set, nor {' and '.join(missing)}"


def _unsafe_for_production(settings: Settings) -> Iterator[str]:
    key = settings.livekit.api_key.get_secret_value()
    secret = settings.livekit.api_secret.get_secret_value()
    if key in (DEVELOPMENT_API_KEY, "devkey"):
        yield "LIVEKIT_API_KEY: is the development key; make one of your own for production"
    if secret == DEVELOPMENT_API_SECRET:
        yield "LIVEKIT_API_SECRET: is the development secret; make one of your own for production"
    elif len(secret) < MIN_SECRET_LENGTH:
        yield f"LIVEKIT_API_SECRET: has fewer than {MIN_SECRET_LENGTH} characters"
    for name, url in (
        ("LIVEKIT_URL", settings.livekit.url),
        ("PARLEY_LIVEKIT_PUBLIC_URL", settings.livekit.public_url),
    ):
        if url and urlsplit(url).scheme in ("ws", "http") and not _is_private(url):
            yield f"{name}: must be wss:// for a host on a public network"
    key_set_url = settings.jwt.key_set_url or ""
    if key_set_url.startswith("http:") and not _is_private(key_set_url):
        yield "PARLEY_JWT_JWKS_URL: must be https:// for a host on a public network"
    if "*" in settings.web.cors_origins:
        yield "PARLEY_WEB_CORS_ORIGINS: must name origins in production, not *"


def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        # Single-label names and these suffixes never resolve on the public internet.
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))
