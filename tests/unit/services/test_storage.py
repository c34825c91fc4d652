"""The database: where it is, how it is opened, and what it keeps of a moment."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import StatementError
from sqlalchemy.schema import CreateIndex, CreateTable

from agent.errors import SettingsError
from agent.services.storage.engine import Database, checked_url
from agent.services.storage.tables import messages, metadata
from agent.settings import DatabaseSettings
from tests.fakes.business import BERLIN


async def leave(database: Database, left_at: datetime) -> None:
    message = {"call_id": "1", "name": "Anna", "text": "Hello", "left_at": left_at}
    async with database.writing() as connection:
        await connection.execute(insert(messages).values(message))


async def texts(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(select(messages.c.text))).scalars())


async def test_folder_file_and_tables_are_made_at_first_use(
    settings: DatabaseSettings, tmp_path: Path
) -> None:
    """Building it touches nothing; a process that never uses it leaves no trace."""
    database = Database(settings)
    file = tmp_path / "data" / "parley.sqlite3"
    assert not await asyncio.to_thread(file.parent.exists)
    assert await texts(database) == []
    assert await asyncio.to_thread(file.exists)
    await database.aclose()


async def test_processes_that_start_at_once_share_a_new_file(settings: DatabaseSettings) -> None:
    """None of them finds it locked, and what one writes the others read."""
    databases = [Database(settings) for _ in range(6)]
    await asyncio.gather(*(leave(each, datetime.now(UTC)) for each in databases))
    assert [len(await texts(each)) for each in databases] == [6] * 6
    for database in databases:
        await database.aclose()


async def test_readers_do_not_wait_for_a_writer(
    database: Database, other_database: Database
) -> None:
    """A call reads while another one's booking is under way, and sees the state before it."""
    await leave(database, datetime.now(UTC))
    async with database.writing() as connection:
        await connection.execute(messages.delete())
        assert await texts(other_database) == ["Hello"]


async def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    """All of it or none."""
    with pytest.raises(RuntimeError, match="in the middle"):
        async with database.writing() as connection:
            values = {"call_id": "1", "name": "A", "text": "B", "left_at": datetime.now(UTC)}
            await connection.execute(insert(messages).values(values))
            raise RuntimeError("in the middle")
    assert await texts(database) == []


async def test_a_write_that_is_cancelled_lets_the_next_one_in(
    database: Database, other_database: Database
) -> None:
    """A caller who hangs up in the middle leaves neither half a booking nor a lock."""
    inside = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.writing() as connection:
            values = {"call_id": "1", "name": "A", "text": "B", "left_at": datetime.now(UTC)}
            await connection.execute(insert(messages).values(values))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for each in (other_database, database):
        await leave(each, datetime.now(UTC))
    assert await texts(database) == ["Hello", "Hello"]


async def test_an_error_does_not_repeat_what_a_caller_said(database: Database) -> None:
    """It is logged, and a log is no place for names."""
    with pytest.raises(StatementError) as caught:
        async with database.writing() as connection:
            await connection.execute(insert(messages).values(name="hunter2"))
    assert "hunter2" not in str(caught.value)


async def test_moments_are_kept_as_utc(database: Database, settings: DatabaseSettings) -> None:
    """What goes in on one clock comes back aware; without a zone it is refused."""
    moment = datetime(2026, 3, 3, 15, 0, tzinfo=BERLIN)
    await leave(database, moment)
    file = checked_url(settings).database
    assert file is not None
    kept = sqlite3.connect(file)
    assert kept.execute("SELECT left_at FROM messages").fetchone()[0].startswith("2026-03-03 14:00")
    kept.close()
    async with database.reading() as connection:
        read = (await connection.execute(select(messages.c.left_at))).scalar_one()
    assert read == moment
    assert read.utcoffset() == timedelta(0)
    with pytest.raises(StatementError):
        await leave(database, datetime(2026, 3, 3, 15, 0))  # noqa: DTZ001


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
@pytest.mark.skipif(find_spec("asyncpg") is not None, reason="its driver is installed")
def test_a_missing_driver_is_a_fault_without_the_password(scheme: str) -> None:
    """It is told at start which package to install."""
    settings = DatabaseSettings(url=f"{scheme}://parley:hunter2@db/parley")
    with pytest.raises(SettingsError, match="needs the Python package asyncpg") as caught:
        checked_url(settings)
    assert "hunter2" not in str(caught.value) + repr(settings)


@pytest.mark.parametrize("url", ["mysql://db/parley", "parley.sqlite3", "sqlite:/parley.sqlite3"])
def test_another_database_is_a_fault(url: str) -> None:
    """Only what Parley's SQL is written for."""
    with pytest.raises(ValidationError, match="sqlite:// or postgresql://") as caught:
        DatabaseSettings(url=url)
    assert url not in str(caught.value)


def test_an_address_that_is_none_is_a_fault_without_it() -> None:
    """By the variable's name."""
    settings = DatabaseSettings(url="postgresql://parley:hunter2@db:port/parley")
    with pytest.raises(SettingsError, match="PARLEY_DATABASE_URL: is not") as caught:
        checked_url(settings)
    assert "hunter2" not in str(caught.value)


def test_the_tables_can_be_made_on_postgresql() -> None:
    """Their definitions hold nothing that only SQLite knows."""
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
    made = [CreateIndex(index) for table in metadata.sorted_tables for index in table.indexes]
    partial = [str(index.compile(dialect=dialect)) for index in made]
    assert any("WHERE cancelled_at IS NULL" in statement for statement in partial)
