"""All settings as one model, made from a mapping and checked as a whole."""

from __future__ import annotations

import difflib
import ipaddress
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agent.cost_profiles import PROFILES
from agent.errors import SettingsError
from agent.settings.business import (
    SECRET_PREFIX,
    BusinessSettings,
    GuardrailSettings,
    KnowledgeSettings,
    ToolCallSettings,
    ToolFileSettings,
    TransferSettings,
    WeatherSettings,
)
from agent.settings.conversation import (
    TEXT_DETECTORS,
    CallSettings,
    InterruptionSettings,
    PersonaSettings,
    SupervisionSettings,
    TurnSettings,
)
from agent.settings.forms import MIN_SECRET_LENGTH
from agent.settings.providers import CascadeSettings, OpenAISettings, RealtimeSettings
from agent.settings.publishing import EventSettings, WebhookSettings
from agent.settings.records import (
    CostSettings,
    DatabaseSettings,
    PrivacySettings,
    RecordSettings,
)
from agent.settings.server import (
    DEVELOPMENT_API_KEY,
    DEVELOPMENT_API_SECRET,
    LiveKitSettings,
    WorkerSettings,
)
from agent.settings.web import (
    AdmissionSettings,
    DirectSettings,
    JwtSettings,
    OfferSettings,
    OperatorSettings,
    RateSettings,
    WebSettings,
)

Environment = Literal["development", "production"]

FOREIGN_PREFIXES = ("PARLEY_SANDBOX_", SECRET_PREFIX)


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
