"""The business that callers reach, and what the agent may do for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from agent.settings.forms import CommaList, Group, HttpUrl, TimeZone, split_targets, var

SECRET_PREFIX = "PARLEY_SECRET_"  # noqa: S105 - the name of a name
"""Variables that the operator's file of tools may name; any others are none of its business."""


class BusinessSettings(Group):
    """The business that callers reach."""

    name: str = var("PARLEY_BUSINESS_NAME", "Parley", min_length=1, max_length=80)
    """As the agent says it."""
    time_zone: TimeZone = var("PARLEY_TIME_ZONE", "UTC")
    opening_hours: str = var(
        "PARLEY_OPENING_HOURS", "mon-fri 09:00-17:00; sat 10:00-13:00", max_length=1_000
    )
    closed_days: CommaList = var("PARLEY_CLOSED_DAYS", ())
    """Days on which it is closed whatever the weekday, such as 2026-12-25."""
    appointment_min: int = var("PARLEY_APPOINTMENT_MIN", 30, ge=5, le=480)
    """How long an appointment is, in minutes."""
    orders_file: Path | None = var("PARLEY_ORDERS_FILE", None)
    phone_region: str | None = var("PARLEY_PHONE_REGION", None, pattern=r"^[A-Z]{2}$")
    """The country of telephone numbers that callers give without its code."""


class WeatherSettings(Group):
    """Where the weather is looked up."""

    source: Literal["auto", "open-meteo", "climate"] = var("PARLEY_WEATHER", "auto")
    """`auto`: Open-Meteo, and what is usual for the month where that cannot be reached."""
    url: HttpUrl = var("PARLEY_WEATHER_URL", "https://api.open-meteo.com")
    geocoding_url: HttpUrl = var(
        "PARLEY_WEATHER_GEOCODING_URL", "https://geocoding-api.open-meteo.com"
    )
    api_key: SecretStr | None = var("PARLEY_WEATHER_API_KEY", None)
    timeout_s: float = var("PARLEY_WEATHER_TIMEOUT_S", 4.0, ge=0.1, le=10)
    """For each of two requests, a second try included."""


class KnowledgeSettings(Group):
    """What the operator wrote down for callers to ask about."""

    folder: Path | None = var("PARLEY_KNOWLEDGE_DIR", None)
    """Of Markdown; None for the bundled sample."""


class TransferSettings(Group):
    """Whom callers can be put through to."""

    targets: Annotated[dict[str, str], BeforeValidator(split_targets)] = var(
        "PARLEY_TRANSFER_TARGETS", {}
    )
    """Addresses by name: `tel:` with an E.164 number, or `sip:`."""


class ToolFileSettings(Group):
    """The operator's own tools: HTTP endpoints and MCP servers."""

    file: Path | None = var("PARLEY_TOOLS_FILE", None)
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """The variables with SECRET_PREFIX, which the file may name."""


class ToolCallSettings(Group):
    """What a model may do with its tools in one call."""

    per_turn: int = var("PARLEY_TOOL_CALLS_PER_TURN", 12, ge=1)
    """What it may call between two turns of the caller; a call that costs money counts twice, a
    dear one four times.
    """
    per_call: int = var("PARLEY_TOOL_CALLS_PER_CALL", 200, ge=1)
    answer_characters: int = var("PARLEY_TOOL_ANSWER_CHARACTERS", 4_000, ge=200, le=100_000)
    """What the model gets to read of one answer."""
    approval_s: float = var("PARLEY_TOOL_APPROVAL_S", 45, ge=1, le=600)
    """How long an operator may take to allow a call that needs it."""
    answers_folder: Path | None = var("PARLEY_ANSWERS_FOLDER", None)


class GuardrailSettings(Group):
    """What may be said in a call, and what is done about what may not."""

    enabled: bool = var("PARLEY_GUARDRAILS", True)
    file: Path | None = var("PARLEY_GUARDRAILS_FILE", None)
    """Rules of one's own, in TOML, over those that come with Parley."""
    every_chars: int = var("PARLEY_GUARDRAIL_EVERY_CHARS", 100, ge=10, le=2_000)
    """A reply is looked at after so many characters at the latest, and after each sentence."""
    first_clause: bool = var("PARLEY_GUARDRAIL_FIRST_CLAUSE", True)
    """Whether the cascade speaks a reply's first clause, checked, before its sentence is whole."""
    max_trips: int = var("PARLEY_GUARDRAIL_MAX_TRIPS", 3, ge=1, le=100)
    """The trip with which the call is ended."""
    max_turn_words: int = var("PARLEY_GUARDRAIL_MAX_TURN_WORDS", 300, ge=0)
    max_turn_s: float = var("PARLEY_GUARDRAIL_MAX_TURN_S", 120, ge=0)
    """A turn that goes on for longer is broken into; 0 for never."""
    judge_model: str = var("PARLEY_GUARDRAIL_JUDGE_MODEL", "")
    """A chat model that is asked about each sentence; empty for none."""
    judge_base_url: HttpUrl | None = var("PARLEY_GUARDRAIL_JUDGE_BASE_URL", None)
    judge_api_key: SecretStr | None = var("PARLEY_GUARDRAIL_JUDGE_API_KEY", None)
    judge_limit_s: float = var("PARLEY_GUARDRAIL_JUDGE_LIMIT_S", 1.5, ge=0.1, le=10)
    """A verdict that takes longer is not waited for."""
