"""The files that hold the audio of calls."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import SealingError
from agent.records.audio_files import AudioFiles, reseal_audio
from agent.records.sealing import Sealing, new_key

OLD, NEW = new_key(), new_key()


def test_a_call_has_one_file_whatever_its_id(tmp_path: Path) -> None:
    """It is found and deleted by the id, and is in no other folder."""
    files = AudioFiles(tmp_path / "audio")
    assert files.all() == []
    for call_id in ("AJ_one", "../../AJ_two", "ü" * 300):
        assert files.find(call_id) is None
        files.path(call_id).write_bytes(b"OggS")
        found = files.find(call_id)
        assert found is not None
        assert found.parent == tmp_path / "audio"
        assert (files.remove(call_id), files.remove(call_id)) == (True, False)
    assert list((tmp_path / "audio").iterdir()) == []


def test_a_file_is_as_old_as_its_last_byte(tmp_path: Path) -> None:
    """Also after it was sealed anew."""
    files = AudioFiles(tmp_path)
    file = files.path("AJ_one")
    file.write_bytes(Sealing([OLD]).seal_bytes(b"OggS"))
    files.path("AJ_new").write_bytes(b"OggS")
    os.utime(file, (1_000, 1_000))
    assert reseal_audio(file, Sealing([NEW, OLD]))
    assert files.older_than(datetime(2001, 1, 1, tzinfo=UTC)) == [file]


def test_audio_is_sealed_anew_at_once_or_not_at_all(tmp_path: Path) -> None:
    """With the first key, once; a file that no key opens stays as it is."""
    file = tmp_path / "AJ_one.ogg"
    file.write_bytes(kept := Sealing([OLD]).seal_bytes(b"OggS"))
    with pytest.raises(SealingError):
        reseal_audio(file, Sealing([NEW]))
    assert file.read_bytes() == kept
    assert reseal_audio(file, Sealing([NEW, OLD]))
    assert not reseal_audio(file, Sealing([NEW, OLD]))
    assert Sealing([NEW]).unseal_bytes(file.read_bytes()) == b"OggS"
    assert list(tmp_path.iterdir()) == [file]
