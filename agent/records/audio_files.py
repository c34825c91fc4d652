"""The sound of calls: a file for each in one folder, Ogg with Opus, sealed where there are keys.

A sealed file has a line for each piece that was written, so that it can be read to the last whole
one whenever its writer dies. Who writes a file holds a lock on it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from agent.errors import AudioNotFound
from agent.records.sealing import Sealing
from agent.records.spool import file_name

PLAIN, SEALED, UNFINISHED = ".ogg", ".ogg.sealed", ".ogg.new"
"""What names of files end in. Unfinished is what `reseal_audio` was killed over."""
PIECE_BYTES = 65_536

Resealing = Literal["current", "sealed anew", "being written"]


class AudioFiles:
    """The files in one folder, which need not be there. Every method blocks, for the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, call_id: str) -> Path:
        """Where the sound of a call is to be written; see AudioFile."""
        return self._folder / f"{file_name(call_id)}{PLAIN}"

    def find(self, call_id: str) -> Path | None:
        """The file of a call; None where there is none."""
        plain = self.path(call_id)
        return next((path for path in (plain, _sealed(plain)) if path.is_file()), None)

    def remove(self, call_id: str) -> bool:
        """Delete what there is of a call; whether there was anything. Who is still writing it
        writes to nowhere.
        """
        plain = self.path(call_id)
        there = [path for path in (plain, _sealed(plain), _unfinished(plain)) if path.exists()]
        for path in there:
            path.unlink(missing_ok=True)
        return bool(there)

    def read(self, call_id: str, sealing: Sealing) -> Iterator[bytes]:
        """See `read_audio`.

        Raises:
            AudioNotFound: there is none of this call.
        """
        path = self.find(call_id)
        if path is None:
            raise AudioNotFound(
                f"there is no audio of a call {call_id}: it was not recorded, its caller did not"
                " allow it, or it is deleted"
            )
        return read_audio(path, sealing)

    def call_ids(self) -> list[str]:
        """The calls there is anything of. An id that cannot be a file's name is told as a hash,
        which finds it as well.
        """
        return sorted({call_id for call_id, _ in self._all()})

    def older_than(self, moment: datetime) -> list[str]:
        """As `call_ids`, of those to which nothing was written since a moment."""
        latest: dict[str, float] = {}
        for call_id, path in self._all():
            with suppress(FileNotFoundError):
                latest[call_id] = max(latest.get(call_id, 0.0), path.stat().st_mtime)
        return sorted(each for each, written_s in latest.items() if written_s < moment.timestamp())

    def _all(self) -> Iterator[tuple[str, Path]]:
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                call_id, dot, kind = path.name.partition(".")
                if dot + kind in (PLAIN, SEALED, UNFINISHED):
                    yield call_id, path


class AudioFile:
    """A file that is being written.

    Args:
        path: As AudioFiles tells it.
        sealing: With keys, the file is a sealed one, of another name.

    Raises:
        OSError: it cannot be, or is there already.
    """

    def __init__(self, path: Path, sealing: Sealing) -> None:
        self.path = _sealed(path) if sealing.has_keys else path
        self._sealing = sealing
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._size = 0

    def append(self, piece: bytes) -> None:
        """Write the next piece.

        Raises:
            OSError: the disk is full or gone; then nothing of it was written.
        """
        line = self._sealing.seal_bytes(piece) + b"\n" if self._sealing.has_keys else piece
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)

    def close(self) -> None:
        """Let go of the file. It outlives the machine's fall from now on."""
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)


def read_audio(path: Path, sealing: Sealing) -> Iterator[bytes]:
    """The Ogg stream of a file, piece by piece, as far as it is written.

    Raises:
        SealingError: it is sealed, and none of the keys opens it. This comes before any piece.
    """
    if path.name.endswith(SEALED):
        yield from (sealing.unseal_bytes(line) for line in _lines(path))
        return
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def reseal_audio(path: Path, sealing: Sealing) -> Resealing:
    """Keep a file as it would be kept now, sealed with the first of the keys. One that is still
    being written stays as it is. Whoever reads it meanwhile reads it to the end.

    Raises:
        SealingError: none of the keys opens it.
        OSError: the disk is full; the file is as it was.
    """
    if _is_current(path, sealing):
        return "current"
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return "being written"
        plain = path.with_name(path.name.removesuffix(SEALED).removesuffix(PLAIN) + PLAIN)
        unfinished = _unfinished(plain)
        unfinished.unlink(missing_ok=True)
        try:
            _copy_sealed(path, unfinished, sealing)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        unfinished.replace(_sealed(plain))
        plain.unlink(missing_ok=True)
    return "sealed anew"


def _is_current(path: Path, sealing: Sealing) -> bool:
    if not path.name.endswith(SEALED):
        return not sealing.has_keys
    return all(sealing.are_current(line) for line in _lines(path))


def _copy_sealed(path: Path, target: Path, sealing: Sealing) -> None:
    modified_ns = path.stat().st_mtime_ns
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in read_audio(path, sealing):
            file.write(sealing.seal_bytes(piece) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.utime(target, ns=(modified_ns, modified_ns))


def _lines(path: Path) -> Iterator[bytes]:
    """The whole lines; the last may be torn."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


def _sealed(plain: Path) -> Path:
    return plain.with_name(plain.name + SEALED.removeprefix(PLAIN))


def _unfinished(plain: Path) -> Path:
    return plain.with_name(plain.name + UNFINISHED.removeprefix(PLAIN))
