"""Transactions that are made at once, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, func, insert, select

from agent.services.storage.engine import Database
from agent.services.storage.tables import messages
from agent.settings import DatabaseSettings


@pytest.fixture
def settings(each_database: DatabaseSettings) -> DatabaseSettings:
    """Of each kind."""
    return each_database


def write(connection: Connection) -> None:
    """Leave a message."""
    message = {"call_id": "1", "name": "Anna", "text": "Hello", "left_at": datetime.now(UTC)}
    connection.execute(insert(messages).values(message))


def count(connection: Connection) -> int | None:
    """How many messages there are."""
    return connection.execute(select(func.count()).select_from(messages)).scalar()


async def write_slowly(database: Database) -> None:
    """As what has something to do between its statements."""
    async with database.writing() as connection:
        await connection.run_sync(write)


async def test_what_is_written_at_once_is_whole_or_not_there(
    database: Database, other_database: Database
) -> None:
    """As any transaction, also while others write."""

    def fail(connection: Connection) -> None:
        write(connection)
        raise ValueError("no")

    await asyncio.gather(
        *(each.write_at_once(write) for each in (database, other_database) * 10),
        *(write_slowly(database) for _ in range(10)),
    )
    with pytest.raises(ValueError, match="no"):
        await database.write_at_once(fail)
    assert await database.read_at_once(count) == 30


async def test_what_is_done_at_once_is_computed_in_a_thread_of_its_own(
    settings: DatabaseSettings,
) -> None:
    """The event loop of a call goes on meanwhile; closing the database ends the thread."""
    database = Database(settings)
    seen = [await database.read_at_once(lambda _: threading.current_thread())]
    seen.append(await database.write_at_once(lambda _: threading.current_thread()))
    assert seen[0] is seen[1] is not threading.current_thread()
    await database.aclose()
    await asyncio.to_thread(seen[0].join, 5.0)
    assert not seen[0].is_alive()


async def test_what_is_done_at_once_can_be_given_up(
    database: Database, other_database: Database
) -> None:
    """A lock that somebody else holds does not hold up whoever has given up, nor what comes after
    the lock is gone.
    """
    await other_database.write_at_once(write)
    async with database.writing(alone_on=messages):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await other_database.write_at_once(write)
    await other_database.write_at_once(write)
    assert await database.read_at_once(count) in {2, 3}  # what was given up may have happened
