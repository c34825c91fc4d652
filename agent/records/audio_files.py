"""The audio of calls: a file for each, in one folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from agent.records.sealing import Sealing
from agent.records.spool import file_name

ENDING = ".ogg"
_UNFINISHED = ".resealing"


class AudioFiles:
    """The files in a folder, by call. Every method blocks, for the disk.

    Args:
        folder: Where they are; it need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, call_id: str) -> Path:
        """Where a call's audio is to be written; its folder is made if it is not there."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder / f"{file_name(call_id)}{ENDING}"

    def find(self, call_id: str) -> Path | None:
        """A call's file; None where there is none."""
        file = self._folder / f"{file_name(call_id)}{ENDING}"
        return file if file.is_file() else None

    def remove(self, call_id: str) -> bool:
        """Delete a call's file; returns whether there was one."""
        file = self._folder / f"{file_name(call_id)}{ENDING}"
        file.with_suffix(_UNFINISHED).unlink(missing_ok=True)
        try:
            file.unlink()
        except FileNotFoundError:
            return False
        return True

    def all(self) -> list[Path]:
        """Every file there is."""
        return sorted(self._folder.glob(f"*{ENDING}")) if self._folder.is_dir() else []

    def older_than(self, moment: datetime) -> list[Path]:
        """Those to which nothing was written after a moment."""
        return [file for file in self.all() if _written_at(file) < moment]


def reseal_audio(file: Path, sealing: Sealing) -> bool:
    """Seal a file anew with the first key, at once or not at all; returns whether it was needed.

    Raises:
        SealingError: none of the keys opens it.
        OSError: it is gone, or the disk is full.
    """
    kept = file.read_bytes()
    if sealing.are_current(kept):
        return False
    anew = file.with_suffix(_UNFINISHED)
    anew.write_bytes(sealing.seal_bytes(sealing.unseal_bytes(kept)))
    written_s = file.stat().st_mtime
    os.utime(anew, (written_s, written_s))  # else it would be kept for another while
    anew.replace(file)
    return True


def _written_at(file: Path) -> datetime:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except FileNotFoundError:  # somebody else was sooner
        return datetime.max.replace(tzinfo=UTC)
