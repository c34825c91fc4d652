"""What is kept of calls, and what they may cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from agent.cost_profiles import CostProfile
from agent.settings.forms import (
    CommaList,
    Countries,
    DatabaseUrl,
    Group,
    Usd,
    split_amounts,
    split_commas,
    var,
)


class DatabaseSettings(Group):
    """Where appointments, orders, messages, what tools have done and records of calls are kept."""

    url: DatabaseUrl = var(
        "PARLEY_DATABASE_URL", SecretStr("sqlite+aiosqlite:///data/parley.sqlite3")
    )
    """With the driver named, whichever form was given. It may hold a password."""


class RecordSettings(Group):
    """The records of calls, which are kept in the database."""

    enabled: bool = var("PARLEY_RECORDS", True)
    spool_folder: Path = var("PARLEY_SPOOL_DIR", Path("data/spool"))
    """Where events wait that the database could not take."""
    audio: bool = var("PARLEY_AUDIO_RECORDING", False)
    """Whether what is heard in a call is recorded as well."""
    audio_folder: Path = var("PARLEY_AUDIO_DIR", Path("data/audio"))
    """Where the audio of calls is kept."""
    keep_audio_days: int = var("PARLEY_KEEP_AUDIO_DAYS", 30, ge=0, le=36_500)
    keep_transcripts_days: int = var("PARLEY_KEEP_TRANSCRIPTS_DAYS", 90, ge=0, le=36_500)
    """What was said, also to tools and by them. What goes with a whole record goes with it when
    that is sooner.
    """
    keep_records_days: int = var("PARLEY_KEEP_RECORDS_DAYS", 365, ge=0, le=36_500)
    """Whole records, with who called. 0 is for ever, for each of the three."""
    lost_after_s: float = var("PARLEY_RECORDS_LOST_AFTER_S", 90, ge=10)
    """A call whose record nobody has kept for so long is settled as lost. The framework bears with
    a job that does not answer for 60 s.
    """


class CostSettings(Group):
    """What calls may cost, in US dollars, and at which prices. None is no limit."""

    profile: CostProfile = var("PARLEY_COST_PROFILE", "balanced")
    prices_file: Path | None = var("PARLEY_PRICES_FILE", None)
    """Prices of one's own, in TOML, over those that come with Parley."""
    call_usd: Usd | None = var("PARLEY_BUDGET_CALL_USD", None)
    day_usd: Usd | None = var("PARLEY_BUDGET_DAY_USD", None)
    """For all calls of a day on the clock of the business."""
    tenant_usd: Usd | None = var("PARLEY_BUDGET_TENANT_USD", None)
    """For all calls of one tenant on a day."""
    tenants: Annotated[dict[str, Usd], BeforeValidator(split_amounts)] = var(
        "PARLEY_BUDGET_TENANTS", {}
    )
    """The same, for tenants with an amount of their own."""

    def of_tenant(self, tenant: str | None) -> Decimal | None:
        """What this tenant's calls may cost on a day."""
        return None if tenant is None else self.tenants.get(tenant, self.tenant_usd)


class PrivacySettings(Group):
    """What may be kept of a call, and how."""

    consent: Literal["off", "required"] = var("PARLEY_CONSENT", "off")
    """`required`: transcript and audio are kept only of callers who said yes to it."""
    consent_question: str = var("PARLEY_CONSENT_QUESTION", "", max_length=500)
    """In the words of the operator; empty for Parley's own in the caller's language."""
    consent_answer_s: float = var("PARLEY_CONSENT_ANSWER_S", 6.0, ge=1, le=30)
    """From the question's end to an answer; then it is asked once more, and then counts as no."""
    redaction: bool = var("PARLEY_REDACTION", True)
    """Whether personal data is taken out of what is kept."""
    redaction_countries: Countries = var("PARLEY_REDACTION_COUNTRIES", ())
    """Whose national ids are looked for, and telephone numbers without their code; empty for the
    ids of all countries that there are.
    """
    redaction_words: CommaList = var("PARLEY_REDACTION_WORDS", ())
    redaction_file: Path | None = var("PARLEY_REDACTION_FILE", None)
    """Words, regular expressions and ids of one's own, in TOML."""
    records_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_RECORDS_KEYS", ()
    )
    """What is kept of words and audio is sealed with the first and can be opened with all."""
