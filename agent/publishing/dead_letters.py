"""Webhooks that nobody took, kept in a file until somebody sends them again.

A line each, written under a lock by all calls of a machine, and on the disk before it counts as
kept. What was said in a call may be in it, so it is sealed as records are.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

CLAIMED, NEW = ".replaying", ".new"


@dataclass(frozen=True, slots=True)
class Letter:
    """A webhook that was not delivered."""

    endpoint: str
    """A digest of the URL, which may hold a secret and is not kept; see `endpoint_of`."""
    message_id: str
    event_type: str
    body: str
    at: str
    """When it was given up."""
    reason: str


def message_id(call_id: str, sequence: int) -> str:
    """What a message of a call is known by, wherever it is sent."""
    return f"msg_{call_id}_{sequence}"


def _call_of(message_id: str) -> str:
    return message_id.removeprefix("msg_").rpartition("_")[0]


def endpoint_of(url: str) -> str:
    """What stands for a URL in the file."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


class DeadLetters:
    """The file. Every method blocks, for the disk: call it in a thread.

    Args:
        file: Where it is.
        seal: Makes of a body what is kept of it.
        unseal: The body again.
    """

    def __init__(
        self,
        file: Path,
        *,
        seal: Callable[[str], str] = lambda text: text,
        unseal: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._file = file
        self._aside = file.with_name(file.name + CLAIMED)
        self._seal = seal
        self._unseal = unseal

    def keep(self, letters: Iterable[Letter]) -> None:
        """Put these at the end; once this returns they outlive the machine's fall.

        Raises:
            OSError: the disk is full or not there; then none of them was kept.
        """
        lines = b"".join(self._line(letter) for letter in letters)
        if not lines:
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(self._file) as descriptor:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                lines = b"\n" + lines  # a machine that fell has left a part of a line
            try:
                _write_all(descriptor, lines)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
            if size == 0:
                _sync_folder(self._file.parent)

    @contextmanager
    def claimed(self) -> Iterator[list[Letter]]:
        """All letters, which are this process's alone meanwhile; those left in the list at the end
        are kept. If the process dies, the file stays under another name, and the next claim has
        its letters too.

        Raises:
            BlockingIOError: somebody else has them.
            OSError: the disk.
        """
        aside = self._aside
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(aside, wait=False) as descriptor:
            letters = self._read(aside)
            if self._file.exists():
                with _locked(self._file):
                    letters += self._read(self._file)
                    _rewrite(descriptor, b"".join(map(self._line, letters)))
                    self._file.unlink()
            try:
                yield letters
            finally:
                if letters:
                    self.keep(letters)
                aside.unlink()

    def forget(self, call_ids: Sequence[str]) -> int:
        """Delete what is of these calls, also where nothing can be unsealed any more; returns how
        many letters that were.

        Raises:
            OSError: the disk; then nothing was deleted there.
        """
        gone = frozenset(call_ids)
        return self._without(lambda values: _call_of(values["message_id"]) in gone)

    def forget_before(self, moment: datetime) -> int:
        """Delete what was given up before; see `forget`."""
        return self._without(lambda values: datetime.fromisoformat(values["at"]) < moment)

    def _without(self, is_gone: Callable[[Mapping[str, Any]], bool]) -> int:
        count = 0
        for file in (self._aside, self._file):
            if file.exists():
                with _locked(file):
                    lines = file.read_bytes().splitlines(keepends=True)
                    kept = [line for line in lines if not _holds(line, is_gone)]
                    if not kept:
                        file.unlink()
                    elif len(kept) < len(lines):
                        _replace(file, b"".join(kept))
                    count += len(lines) - len(kept)
        return count

    def _line(self, letter: Letter) -> bytes:
        return json.dumps({**asdict(letter), "body": self._seal(letter.body)}).encode() + b"\n"

    def _read(self, file: Path) -> list[Letter]:
        letters, torn = [], 0
        for line in file.read_bytes().splitlines():
            try:
                values = json.loads(line)
                letters.append(Letter(**{**values, "body": self._unseal(values["body"])}))
            except (ValueError, TypeError, KeyError):
                torn += 1
        if torn:
            logger.warning("dead letters have torn lines", extra={"lines": torn})
        return letters


def _holds(line: bytes, is_gone: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Of a torn line nobody knows whose it is, and so it goes too."""
    try:
        return is_gone(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError):
        return True


def _replace(file: Path, content: bytes) -> None:
    """By another one, so that a fall in between leaves the old or the new. Who waits for the lock
    of the old sees that it is gone.
    """
    new = file.with_name(file.name + NEW)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _write_all(descriptor, content)
    finally:
        os.close(descriptor)
    new.replace(file)
    _sync_folder(file.parent)


@contextmanager
def _locked(file: Path, *, wait: bool = True) -> Iterator[int]:
    """The file of this name, open for appending, under a lock that dies with its holder."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            with suppress(FileNotFoundError):
                there, opened = file.stat(), os.fstat(descriptor)
                if (there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino):
                    yield descriptor
                    return
        finally:
            os.close(descriptor)
        # Who had it before has taken it away: there is a new one to begin.


def _rewrite(descriptor: int, content: bytes) -> None:
    os.ftruncate(descriptor, 0)
    _write_all(descriptor, content)


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
