"""What the commands about records work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.records.audio_files import AudioFiles
from agent.records.audit import AuditLog, actor_here
from agent.records.places import Letters, Places
from agent.records.redaction import build_redaction
from agent.records.rows import as_it_is
from agent.records.sealing import Sealing, build_sealing
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings, PrivacySettings, RecordSettings


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Of the settings, what is needed for it."""

    database: DatabaseSettings
    records: RecordSettings = field(default_factory=RecordSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    phone_region: str | None = None
    """See BusinessSettings."""
    letters: Letters | None = None
    """See Places."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where records are, how they are read, and who is here."""

    settings: DeskSettings
    places: Places
    store: CallStore
    audit: AuditLog
    sealing: Sealing
    redact: Callable[[Any], Any]
    """Takes out of JSON values what is personal; or nothing, where that is switched off."""
    actor: str

    @classmethod
    def at(cls, database: Database, settings: DeskSettings) -> Desk:
        """With this database, for whoever runs this process.

        Raises:
            SettingsError: keys or redaction cannot be used as they are set.
        """
        records = settings.records
        sealing = build_sealing(settings.privacy)
        redaction = build_redaction(settings.privacy, region=settings.phone_region)
        return cls(
            settings=settings,
            places=Places(
                database,
                Spool(records.spool_folder),
                AudioFiles(records.audio_folder),
                settings.letters,
            ),
            store=CallStore(database, unseal=sealing.unseal),
            audit=AuditLog(database),
            sealing=sealing,
            redact=redaction.redact_value if redaction is not None else as_it_is,
            actor=actor_here(),
        )
