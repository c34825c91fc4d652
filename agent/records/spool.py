"""Files that hold what the database could not take, until it can: one for each call.

A file is written and read under a lock on it, which the system lets go when its holder dies. Who
drains a file first gives it another name, so that whoever has more to write begins a new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.records.rows import Header, Row, as_line, of_line

logger = logging.getLogger(__name__)

WRITTEN = ".jsonl"
CLAIMED = ".draining"

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LOCK_PAUSE_S = 0.005


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that this process alone drains."""

    file: Path
    header: Header
    rows: tuple[Row, ...]


def file_name(call_id: str) -> str:
    """A name for a call's files, without an ending: its id is not ours to choose."""
    if _PLAIN_NAME.fullmatch(call_id):
        return call_id
    return hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()


class Spool:
    """The files in one folder. Every method blocks, for the disk: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, header: Header, rows: Sequence[Row]) -> None:
        """Keep rows of a call; once this returns they outlive the machine's fall.

        Raises:
            OSError: the disk is full or not there; then nothing of it was kept.
        """
        lines = b"".join(as_line(header, row) for row in rows)
        file = self._folder / f"{file_name(header.call_id)}{WRITTEN}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(file) as descriptor:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            try:
                _write_all(descriptor, lines)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)  # else what comes next would be glued to a part
                raise
            if size == 0:
                _sync_folder(self._folder)

    def waiting(self) -> list[Path]:
        """The files there are, some of which others may be draining."""
        if not self._folder.is_dir():
            return []
        return sorted(file for file in self._folder.iterdir() if file.suffix in (WRITTEN, CLAIMED))

    def files_of(self, call_id: str) -> list[Path]:
        """Those that hold something of one call."""
        name = file_name(call_id)
        return [file for file in self.waiting() if file.name.split(".")[0] == name]

    @contextmanager
    def claim(self, file: Path) -> Iterator[Claimed | None]:
        """The rows of a file, as long as nobody else has it; None if somebody does, or there is
        nothing in it. It is deleted by `forget`, else it waits on under another name.
        """
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except FileNotFoundError:
            yield None
            return
        try:
            if not _lock(descriptor) or not _is_at(descriptor, file):
                yield None
                return
            if file.suffix == WRITTEN:
                file = file.rename(file.with_suffix(f".{uuid.uuid4().hex[:8]}{CLAIMED}"))
            yield _read(file)
        finally:
            os.close(descriptor)

    def forget(self, claimed: Claimed) -> None:
        """Delete a claimed file: its rows are in the database."""
        claimed.file.unlink()


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    """The file of this name, open for appending, which nobody drains meanwhile."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if _lock(descriptor) and _is_at(descriptor, file):
                yield descriptor
                return
        finally:
            os.close(descriptor)
        # Somebody who drains it has it, and is about to give it another name.
        time.sleep(_LOCK_PAUSE_S)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, file: Path) -> bool:
    try:
        there = file.stat()
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(file: Path) -> Claimed | None:
    header, rows, torn = None, [], 0
    with file.open("rb") as lines:
        for line in lines:
            try:
                header, row = of_line(line)
            except ValueError:
                torn += 1
            else:
                rows.append(row)
    if torn:
        logger.warning("a spool file has torn lines", extra={"file": file.name, "lines": torn})
    if header is None:
        file.unlink()
        return None
    return Claimed(file, header, tuple(rows))
