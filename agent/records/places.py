"""Where something of a call may be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.records.audio_files import AudioFiles
from agent.records.spool import Spool
from agent.services.storage.engine import Database


class Letters(Protocol):
    """What was to be sent elsewhere, and waits on this machine because nobody took it. Every method
    blocks, for the disk.
    """

    def forget(self, call_ids: Sequence[str]) -> int:
        """Delete what is of these calls; returns how much that was."""
        ...

    def forget_before(self, moment: datetime) -> int:
        """Delete what is older; returns how much that was."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    """One database, and the folders of one machine."""

    database: Database
    spool: Spool
    audio: AudioFiles
    letters: Letters | None = None
    patience_s: float = 30.0
    """How long other processes may keep what is wanted."""
