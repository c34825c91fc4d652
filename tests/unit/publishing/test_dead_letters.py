"""The file of webhooks that nobody took."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import SealingError
from agent.publishing.dead_letters import DeadLetters, Letter
from agent.records.sealing import Sealing, new_key


def letter(number: int, body: str = "{}") -> Letter:
    return Letter("endpoint", f"msg_{number}", "turn_started", body, "2026-03-02", "status 400")


def ids(letters: list[Letter]) -> list[str]:
    return [each.message_id for each in letters]


def test_what_is_kept_is_there_for_the_next_claim(tmp_path: Path) -> None:
    """In order; what is left over is kept on."""
    dead = DeadLetters(tmp_path / "new" / "dead.jsonl")
    dead.keep([letter(1), letter(2)])
    dead.keep([letter(3)])
    with dead.claimed() as letters:
        assert ids(letters) == ["msg_1", "msg_2", "msg_3"]
        letters[:] = letters[1:]
        dead.keep([letter(4)])  # a call goes on meanwhile
    with dead.claimed() as letters:
        assert ids(letters) == ["msg_4", "msg_2", "msg_3"]
        letters.clear()
    with dead.claimed() as letters:
        assert letters == []
    assert list((tmp_path / "new").iterdir()) == []


def test_of_two_who_claim_one_has_them(tmp_path: Path) -> None:
    """The other is told so."""
    dead = DeadLetters(tmp_path / "dead.jsonl")
    dead.keep([letter(1)])
    with dead.claimed(), pytest.raises(BlockingIOError), dead.claimed():
        pass


def test_what_a_killed_replay_had_is_there_for_the_next(tmp_path: Path) -> None:
    """Nothing is lost by a kill in the middle."""
    dead = DeadLetters(tmp_path / "dead.jsonl")
    dead.keep([letter(1)])
    killed = (
        "import os, pathlib, sys\n"
        "from agent.publishing.dead_letters import DeadLetters\n"
        "with DeadLetters(pathlib.Path(sys.argv[1])).claimed() as letters:\n"
        "    assert letters\n"
        "    os._exit(9)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", killed, str(tmp_path / "dead.jsonl")], check=False, timeout=60
    )
    assert run.returncode == 9
    dead.keep([letter(2)])
    with dead.claimed() as letters:
        assert ids(letters) == ["msg_1", "msg_2"]


def test_many_calls_write_at_once(tmp_path: Path) -> None:
    """Every line is whole."""
    dead = DeadLetters(tmp_path / "dead.jsonl")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: dead.keep([letter(number, "x" * 5_000)]), range(100)))
    with dead.claimed() as letters:
        assert len(set(ids(letters))) == 100


def test_what_was_said_is_sealed(tmp_path: Path) -> None:
    """Without the key nothing is read, and nothing is lost."""
    sealing, file = Sealing([new_key()]), tmp_path / "dead.jsonl"
    dead = DeadLetters(file, seal=sealing.seal, unseal=sealing.unseal)
    dead.keep([letter(1, '{"text": "hello"}')])
    assert "hello" not in file.read_text()
    other = Sealing([new_key()])
    with (
        pytest.raises(SealingError),
        DeadLetters(file, seal=other.seal, unseal=other.unseal).claimed(),
    ):
        pass
    with dead.claimed() as letters:
        assert letters[0].body == '{"text": "hello"}'


def test_what_is_of_an_erased_call_is_deleted(tmp_path: Path) -> None:
    """Also without the key, and of no other call; with the last letter goes the file."""
    file = tmp_path / "dead.jsonl"
    DeadLetters(file, seal=Sealing([new_key()]).seal).keep(
        Letter("endpoint", f"msg_{call}_{number}", "error", "{}", at, "down")
        for call in ("AJ_1", "AJ_1_2", "AJ_2")
        for number, at in ((1, "2026-03-02T12:00:00+00:00"), (12, "2026-03-04T12:00:00+00:00"))
    )
    dead = DeadLetters(file)
    assert dead.forget(["AJ_1", "AJ_3"]) == 2
    assert dead.forget_before(datetime(2026, 3, 3, tzinfo=UTC)) == 2
    assert file.stat().st_mode & 0o777 == 0o600
    assert "msg_AJ_1_2_12" in file.read_text()
    assert dead.forget(["AJ_1_2", "AJ_2"]) == 2
    assert list(tmp_path.iterdir()) == []
    assert dead.forget(["AJ_1"]) == 0


def test_a_torn_line_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As a machine that fell may leave one."""
    file = tmp_path / "dead.jsonl"
    dead = DeadLetters(file)
    dead.keep([letter(1)])
    with file.open("a") as lines:
        lines.write('{"endpoint": "e", "mess')
    with dead.claimed() as letters:
        assert ids(letters) == ["msg_1"]
    dead.keep([letter(2)])
    with file.open("a") as lines:
        lines.write('{"endpoint": "e", "mess')
    dead.keep([letter(3)])
    with dead.claimed() as letters:
        assert ids(letters) == ["msg_1", "msg_2", "msg_3"]
    assert "torn lines" in caplog.text
