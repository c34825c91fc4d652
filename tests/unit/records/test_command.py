"""The records at the command line."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.records.arguments import parse
from agent.records.audio_files import AudioFile, AudioFiles
from agent.records.audit import actor_here
from agent.records.command import run
from agent.records.desk import DeskSettings
from agent.records.sealing import Sealing, new_key
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings, PrivacySettings, RecordSettings
from tests.unit.records.calls import HEADER, SHORT_CALL, moment, rows_of


@pytest.fixture
async def settings(tmp_path: Path) -> DeskSettings:
    """Of a database with one call in it."""
    settings = DeskSettings(
        DatabaseSettings(url=f"sqlite:///{tmp_path}/parley.sqlite3"),
        RecordSettings(spool_folder=tmp_path / "spool", audio_folder=tmp_path / "audio"),
    )
    database = Database(settings.database)
    await CallStore(database).append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))
    await database.aclose()
    return settings


async def done(*commands: str, settings: DeskSettings) -> None:
    for command in commands:
        assert await run(parse(shlex.split(command)), settings) == 0


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("list", True),
        ("list --caller anna --since 2026-03-02 --before 2026-03-03 --state closed", True),
        ("list --text order --limit 1", True),
        ("list --caller bob", False),
        ("list --since 2026-03-03", False),
    ],
)
async def test_calls_are_listed(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str], arguments: str, found: bool
) -> None:
    """Those that were asked for."""
    assert await run(parse(arguments.split()), settings) == 0
    assert ("AJ_one" in capsys.readouterr().out) == found
    assert await run(parse([*arguments.split(), "--json"]), settings) == 0
    lines = capsys.readouterr().out.split("\n")
    assert [json.loads(line)["id"] for line in lines if line] == ["AJ_one"] * found


@pytest.mark.parametrize(
    ("arguments", "begin"),
    [
        ("show AJ_one", "id "),
        ("export AJ_one", "{"),
        ("export AJ_one --format csv", "seq,at,kind,speaker,text,details"),
        ("export AJ_one --format vtt", "WEBVTT"),
    ],
)
async def test_a_call_is_shown_and_exported(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str], arguments: str, begin: str
) -> None:
    """In each form."""
    assert await run(parse(arguments.split()), settings) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(begin)
    assert "Where is my order, please?" in shown


async def test_calls_are_counted(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people and for programs."""
    assert await run(parse(["stats", "--since", "2026-03-02"]), settings) == 0
    assert "1 participant_disconnected" in capsys.readouterr().out
    assert await run(parse(["stats", "--json", "--before", "2026-03-02"]), settings) == 0
    assert json.loads(capsys.readouterr().out)["calls"] == 0


async def test_a_call_that_is_not_there_and_a_database_that_is_not(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, and an exit code that says so."""
    assert await run(parse(["show", "AJ_two"]), settings) == 1
    assert "no record of a call AJ_two" in capsys.readouterr().err
    away = DatabaseSettings(url="postgresql://parley:hunter2@127.0.0.1:1/parley")
    assert await run(parse(["list"]), replace(settings, database=away)) == 1
    said = capsys.readouterr().err
    assert "PARLEY_DATABASE_URL cannot be read" in said
    assert "hunter2" not in said


async def test_who_reads_is_written_down(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each time, with the call's id or a count, and never with what was searched for."""
    await done(
        "list --caller anna --limit 5",
        "list --text 'my order'",
        "show AJ_one",
        "export AJ_one --format csv",
        settings=settings,
    )
    capsys.readouterr()
    await done("audit", settings=settings)
    told = capsys.readouterr().out
    lines = [line.split()[2:] for line in told.splitlines()[1:]]
    who = actor_here()
    assert lines == [
        [who, "export", "AJ_one", "1"],
        [who, "show", "AJ_one", "1"],
        [who, "search", "-", "1"],
        [who, "list", "-", "1"],
    ]
    assert "order" not in told
    assert "anna" not in told


async def test_what_is_read_out_is_redacted_again(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word that was set since then is in no export, also in the arguments of tools."""
    words = replace(settings, privacy=PrivacySettings(redaction_words=("order", "40217")))
    for command in ("show AJ_one", "export AJ_one", "export AJ_one --format vtt"):
        await done(command, settings=words)
        told = capsys.readouterr().out
        assert "[private]" in told, command
        assert "my order" not in told, command
        assert "40217" not in told, command


async def test_a_caller_is_erased(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """By their number as somebody writes it; nobody is left, and the audit log tells a count."""
    await done(
        "erase --caller '030 / 123 456' --yes", settings=replace(settings, phone_region="DE")
    )
    assert "1 call, 0 messages, 0 appointments" in capsys.readouterr().out
    assert await run(parse(["show", "AJ_one"]), settings) == 1
    await done("audit", "list", settings=settings)
    told = capsys.readouterr().out
    assert "erase caller" in told
    assert "AJ_one" not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--caller anna", "add --yes"),
        ("--call AJ_one", "add --yes"),
        ("--caller nobody", "nothing of the identity nobody."),
        ("--caller 030123456", "country code"),
        ("--call AJ_two --yes", "nothing of a call AJ_two"),
    ],
)
async def test_nothing_is_erased_by_mistake(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str], arguments: str, said: str
) -> None:
    """Nor without being asked."""
    await run(parse(["erase", *arguments.split()]), settings)
    captured = capsys.readouterr()
    assert said in captured.out + captured.err
    await done("show AJ_one", settings=settings)


async def test_what_is_too_old_is_deleted_by_hand(
    settings: DeskSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """As workers do it; how much that was is told."""
    for_ever = RecordSettings(
        spool_folder=settings.records.spool_folder,
        keep_audio_days=0,
        keep_transcripts_days=0,
        keep_records_days=0,
    )
    await done("expire", settings=replace(settings, records=for_ever))
    assert "0 texts of transcripts, 0 answers of tools, 0 whole" in capsys.readouterr().out
    day = for_ever.model_copy(update={"keep_transcripts_days": 1})
    await done("expire", settings=replace(settings, records=day))
    assert "5 texts of transcripts, 0 answers of tools, 0 whole" in capsys.readouterr().out


async def test_keys_are_changed(settings: DeskSettings, capsys: pytest.CaptureFixture[str]) -> None:
    """The second time there is nothing left to do, and the old key may go."""
    keyed = replace(settings, privacy=PrivacySettings(records_keys=(SecretStr(new_key()),)))
    assert await run(parse(["reseal"]), settings) == 1
    assert "PARLEY_RECORDS_KEYS has no key" in capsys.readouterr().err
    await done("reseal", settings=keyed)
    assert "Sealed anew: 5 texts" in capsys.readouterr().out
    await done("reseal", "show AJ_one", settings=keyed)
    told = capsys.readouterr().out
    assert "The other keys are not needed" in told
    assert "Where is my order" in told
    other = replace(settings, privacy=PrivacySettings(records_keys=(SecretStr(new_key()),)))
    assert await run(parse(["reseal"]), other) == 1
    assert "No key opens all of AJ_one" in capsys.readouterr().err


async def test_the_sound_of_a_call_is_written_to_the_output(
    settings: DeskSettings, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Byte for byte; where there is none, a sentence, and nothing in the output."""
    key = new_key()
    sealed = replace(
        settings,
        records=settings.records.model_copy(update={"audio_folder": tmp_path / "audio"}),
        privacy=PrivacySettings(records_keys=(SecretStr(key),)),
    )
    file = AudioFile(AudioFiles(tmp_path / "audio").path("AJ_one"), Sealing([key]))
    file.append(b"OggS\x00\n\xff")
    file.close()
    asked = parse(["export", "AJ_one", "--format", "ogg"])
    assert await run(asked, sealed) == 0
    assert capfdbinary.readouterr().out == b"OggS\x00\n\xff"
    asked = parse(["export", "AJ_two", "--format", "ogg"])
    assert await run(asked, sealed) == 1
    said = capfdbinary.readouterr()
    assert (said.out, b"no audio of a call AJ_two" in said.err) == (b"", True)
    asked = parse(["export", "AJ_one", "--format", "ogg"])
    assert await run(asked, replace(sealed, privacy=PrivacySettings())) == 1
    said = capfdbinary.readouterr()
    assert (said.out, b"PARLEY_RECORDS_KEYS" in said.err) == (b"", True)
