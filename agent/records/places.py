"""Where something of a call may be kept."""

from __future__ import annotations

from dataclasses import dataclass

from agent.records.audio_files import AudioFiles
from agent.records.spool import Spool
from agent.services.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Places:
    """One database, and the folders of one machine."""

    database: Database
    spool: Spool
    audio: AudioFiles
    patience_s: float = 30.0
    """How long other processes may keep what is wanted."""
