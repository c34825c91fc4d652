"""The files of what was heard in calls: found, read, sealed anew and deleted."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import AudioNotFound, SealingError
from agent.records.audio_files import AudioFile, AudioFiles, read_audio, reseal_audio
from agent.records.sealing import Sealing, new_key

PIECES = (b"OggS first\n", b"second \n sealed:", b"\x00third")
OLD, NEW = new_key(), new_key()


@pytest.fixture
def files(tmp_path: Path) -> AudioFiles:
    """In a folder that is not there yet."""
    return AudioFiles(tmp_path / "data" / "audio")


def write(
    files: AudioFiles, call_id: str = "AJ_one", keys: Sequence[str] = (), *, closes: bool = True
) -> tuple[Path, AudioFile]:
    file = AudioFile(files.path(call_id), Sealing(keys))
    for piece in PIECES:
        file.append(piece)
    if closes:
        file.close()
    return file.path, file


def content(path: Path, keys: Sequence[str] = ()) -> bytes:
    return b"".join(read_audio(path, Sealing(keys)))


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_what_was_written_is_read_again(files: AudioFiles, keys: Sequence[str]) -> None:
    """In a file that other users cannot read; with a key, nobody without it."""
    path, _ = write(files, keys=keys)
    assert files.find("AJ_one") == path
    assert b"".join(files.read("AJ_one", Sealing(keys))) == b"".join(PIECES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (b"OggS first" in path.read_bytes()) == (not keys)


def test_a_sealed_file_is_read_to_its_last_whole_piece(files: AudioFiles) -> None:
    """Its writer was killed over the one after it."""
    path, _ = write(files, keys=[NEW])
    os.truncate(path, path.stat().st_size - 5)
    assert content(path, [NEW]) == b"".join(PIECES[:2])


def test_a_sealed_file_is_not_read_without_its_key(files: AudioFiles) -> None:
    """The error comes before the first piece, and names the variable."""
    path, _ = write(files, keys=[OLD])
    for keys in ([], [NEW]):
        with pytest.raises(SealingError, match="PARLEY_RECORDS_KEYS"):
            next(read_audio(path, Sealing(keys)))


def test_a_call_is_not_recorded_over_another(files: AudioFiles) -> None:
    """A file that is there stays as it is."""
    path, _ = write(files)
    with pytest.raises(FileExistsError):
        write(files)
    assert content(path) == b"".join(PIECES)


@pytest.mark.parametrize("kept_with", [(), (OLD,)])
def test_a_file_is_sealed_with_the_first_key(files: AudioFiles, kept_with: Sequence[str]) -> None:
    """Once; and when it was written is still told."""
    before, _ = write(files, keys=kept_with)
    os.utime(before, (1_000_000, 1_000_000))
    assert reseal_audio(before, Sealing([NEW, OLD])) == "sealed anew"
    after = files.find("AJ_one")
    assert after is not None
    assert content(after, [NEW]) == b"".join(PIECES)
    assert [*after.parent.iterdir()] == [after]
    written = after.stat()
    assert (stat.S_IMODE(written.st_mode), written.st_mtime) == (0o600, 1_000_000)
    assert reseal_audio(after, Sealing([NEW])) == "current"
    assert after.stat().st_ino == written.st_ino


def test_a_file_that_is_being_written_is_not_sealed_anew(files: AudioFiles) -> None:
    """Else what comes next would be lost; afterwards it can be."""
    path, file = write(files, keys=[OLD], closes=False)
    assert reseal_audio(path, Sealing([NEW, OLD])) == "being written"
    file.append(b"fourth")
    file.close()
    assert reseal_audio(path, Sealing([NEW, OLD])) == "sealed anew"
    assert content(path, [NEW]) == b"".join(PIECES) + b"fourth"


def test_a_file_whose_key_is_gone_stays_as_it_is(files: AudioFiles) -> None:
    """And nothing is left of the trial."""
    path, _ = write(files, keys=[OLD])
    for keys in ([], [NEW]):
        with pytest.raises(SealingError):
            reseal_audio(path, Sealing(keys))
    assert content(path, [OLD]) == b"".join(PIECES)
    assert [*path.parent.iterdir()] == [path]


def test_without_keys_nothing_is_sealed(files: AudioFiles) -> None:
    """What is plain is as it should be."""
    path, _ = write(files)
    assert reseal_audio(path, Sealing()) == "current"
    assert content(path) == b"".join(PIECES)


def test_all_there_is_of_a_call_is_deleted(files: AudioFiles) -> None:
    """Also what a process left that was killed while sealing it anew, and nothing of others."""
    path, _ = write(files)
    write(files, "AJ_other", [NEW])
    path.with_name(path.name + ".new").write_bytes(b"canary")
    path.with_name(path.name + ".sealed").write_bytes(b"canary")
    assert files.remove("AJ_one")
    assert files.call_ids() == ["AJ_other"]
    assert not files.remove("AJ_one")
    with pytest.raises(AudioNotFound, match="AJ_one"):
        files.read("AJ_one", Sealing())


def test_the_calls_there_are_and_the_old_ones(files: AudioFiles) -> None:
    """By when something was last written to them."""
    assert files.call_ids() == []
    now = datetime.now(UTC)
    path, _ = write(files)
    write(files, "AJ_new", [NEW])
    (path.parent / "notes.txt").write_text("no audio")
    last_week = (now - timedelta(days=7)).timestamp()
    os.utime(path, (last_week, last_week))
    assert files.call_ids() == ["AJ_new", "AJ_one"]
    assert files.older_than(now - timedelta(days=6)) == ["AJ_one"]
    assert files.older_than(now - timedelta(days=8)) == []


def test_an_id_cannot_choose_a_file(files: AudioFiles, tmp_path: Path) -> None:
    """It is found by its hash, under which it is also listed."""
    path, _ = write(files, "../../escaped")
    assert path.parent == tmp_path / "data" / "audio"
    (hashed,) = files.call_ids()
    assert files.find(hashed) == files.find("../../escaped") == path
