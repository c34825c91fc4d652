"""The records at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.records.arguments import parse
from agent.records.command import run
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from tests.unit.records.calls import HEADER, SHORT_CALL, moment, rows_of


@pytest.fixture
async def settings(tmp_path: Path) -> DatabaseSettings:
    """Of a database with one call in it."""
    settings = DatabaseSettings(url=f"sqlite:///{tmp_path}/parley.sqlite3")
    database = Database(settings)
    await CallStore(database).append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))
    await database.aclose()
    return settings


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
    settings: DatabaseSettings, capsys: pytest.CaptureFixture[str], arguments: str, found: bool
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
    settings: DatabaseSettings, capsys: pytest.CaptureFixture[str], arguments: str, begin: str
) -> None:
    """In each form."""
    assert await run(parse(arguments.split()), settings) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(begin)
    assert "Where is my order, please?" in shown


async def test_calls_are_counted(
    settings: DatabaseSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people and for programs."""
    assert await run(parse(["stats", "--since", "2026-03-02"]), settings) == 0
    assert "1 participant_disconnected" in capsys.readouterr().out
    assert await run(parse(["stats", "--json", "--before", "2026-03-02"]), settings) == 0
    assert json.loads(capsys.readouterr().out)["calls"] == 0


async def test_a_call_that_is_not_there_and_a_database_that_is_not(
    settings: DatabaseSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, and an exit code that says so."""
    assert await run(parse(["show", "AJ_two"]), settings) == 1
    assert "no record of a call AJ_two" in capsys.readouterr().err
    away = DatabaseSettings(url="postgresql://parley:hunter2@127.0.0.1:1/parley")
    assert await run(parse(["list"]), away) == 1
    said = capsys.readouterr().err
    assert "PARLEY_DATABASE_URL cannot be read" in said
    assert "hunter2" not in said
