"""The database of one process: its connections and transactions; tables are made if missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import stamina
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import SingletonThreadPool

from agent.errors import SettingsError
from agent.services.storage.own_thread import WRITES, BlockingThread, LoopThread, OwnThread
from agent.services.storage.scrubbing import scrub_postgresql, scrub_sqlite
from agent.services.storage.tables import metadata
from agent.settings import DatabaseSettings

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
"""How long a write waits for another process's on SQLite; ours take a few milliseconds."""
POOL_SIZE = 2
"""Each call has a pool of its own, and seldom more than one tool at work."""
SCRUB_PATIENCE_S = 30.0
"""How long others may be in the way, who read or write what is to be scrubbed."""

_TABLE_NAMES = {
    "sqlite": text("SELECT name FROM sqlite_master WHERE type = 'table'"),
    "postgresql": text(
        "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
    ),
}
_TABLES_LOCK = 4_611_686_018_427_387_847
"""Any number that nobody else locks on the same PostgreSQL database."""


class Database:
    """SQL storage. It connects when it is first used; whoever built it closes it.

    Raises:
        SettingsError: the URL cannot be used, or its driver is not installed.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        url = checked_url(settings)
        self._file = _file_of(url)
        self._engine = _engine(url)
        self._writer = self._engine.execution_options(**{WRITES: True})
        self._thread = _own_thread(url)
        self._preparing = asyncio.Lock()
        self._prepared = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database."""
        await self.prepare()
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self, *, alone_on: Table | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at its end, or leaves nothing behind.

        Args:
            alone_on: A table that no other transaction changes between what this one reads there
                and its own change. On SQLite that holds for every table.
        """
        await self.prepare()
        async with self._writer.begin() as connection:
            if alone_on is not None and connection.dialect.name == "postgresql":
                await connection.execute(
                    text(f"LOCK TABLE {alone_on.name} IN SHARE ROW EXCLUSIVE MODE")
                )
            yield connection

    async def read_at_once(self, work: Callable[[Connection], T]) -> T:
        """A whole transaction of a few short statements that only reads. Nothing of it is computed
        on this process's event loop.
        """
        return await self._at_once(work, writes=False)

    async def write_at_once(self, work: Callable[[Connection], T]) -> T:
        """The same, which writes. On SQLite all other writers wait for as long as it takes. One
        that is cancelled may have happened all the same.
        """
        return await self._at_once(work, writes=True)

    async def _at_once(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        if self._thread is None:
            await self.prepare()
            return await self._in_engine(work, writes=writes)
        await self._prepare(self._thread.run)
        return await self._thread.run(work, writes=writes)

    async def prepare(self) -> None:
        """Make what is missing of the folder and the tables. Repeating it is free."""
        await self._prepare(self._in_engine)

    async def _in_engine(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        async with (self._writer if writes else self._engine).begin() as connection:
            return await connection.run_sync(work)

    async def _prepare(
        self, run: Callable[[Callable[[Connection], bool]], Awaitable[bool]]
    ) -> None:
        async with self._preparing:
            if self._prepared:
                return
            if self._file is not None:
                await _prepare_file(self._file)
            # Looked at first, so that a call that starts does not wait for another one's write.
            if not await run(_has_tables):
                async with self._writer.begin() as connection:
                    await alone_making_tables(connection)
                    await connection.run_sync(metadata.create_all)
            self._prepared = True

    async def scrub(self, *tables: Table, patience_s: float = SCRUB_PATIENCE_S) -> bool:
        """Take what was deleted from tables out of the database's files too; see scrubbing."""
        await self.prepare()
        if self._engine.dialect.name == "postgresql":
            return await scrub_postgresql(self._engine, tables, patience_s=patience_s)
        return self._file is None or await scrub_sqlite(self._file, patience_s=patience_s)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._thread is not None:
            await self._thread.aclose()
        await self._engine.dispose()


async def alone_making_tables(connection: AsyncConnection) -> None:
    """See that until the end of a writing transaction no other process makes tables. PostgreSQL
    refuses the second of two that make the same one at once; SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TABLES_LOCK})


def checked_url(settings: DatabaseSettings) -> URL:
    """The database's address, if it can be used here.

    Raises:
        SettingsError: otherwise.
    """
    try:
        url = make_url(settings.url.get_secret_value())
    except (ArgumentError, ValueError):
        raise SettingsError(["PARLEY_DATABASE_URL: is not a database URL"]) from None
    driver = url.get_driver_name()
    if find_spec(driver) is None:
        raise SettingsError([f"PARLEY_DATABASE_URL: needs the Python package {driver}"])
    return url


async def _prepare_file(file: Path) -> None:
    """See that it can be made, and that its readers do not wait for a writer: WAL, which the file
    itself remembers.
    """
    await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
    async with aiosqlite.connect(file) as connection:
        # The busy timeout does not cover this one statement: of eight processes that make the same
        # file at once, one in fifty rounds was told that it is locked.
        async for attempt in stamina.retry_context(
            on=aiosqlite.OperationalError,
            attempts=None,
            timeout=BUSY_TIMEOUT_MS / 1000,
            wait_initial=0.01,
            wait_max=0.2,
        ):
            with attempt:
                await connection.execute("PRAGMA journal_mode=WAL")


def table_names(connection: Connection) -> set[str]:
    """The tables there are. For this SQLAlchemy's inspector would hold up a call's event loop for
    15 ms: it computes for so long how to ask.
    """
    return set(connection.scalars(_TABLE_NAMES[connection.dialect.name]))


def _has_tables(connection: Connection) -> bool:
    return set(metadata.tables) <= table_names(connection)


def _file_of(url: URL) -> Path | None:
    in_memory = url.database in (None, "", ":memory:")
    return None if url.get_backend_name() != "sqlite" or in_memory else Path(str(url.database))


def driver_modules(settings: DatabaseSettings) -> list[str]:
    """What is loaded to use a database, by name. asyncpg takes 0.1 s of computing, in which the
    event loop of a call would stand still.
    """
    dialect = checked_url(settings).get_dialect()
    return [dialect.__module__, dialect.driver]


def _own_thread(url: URL) -> OwnThread | None:
    """None for a database in memory, which is that of its one connection."""
    if url.get_backend_name() != "sqlite":
        return LoopThread(_postgresql_engine(url, connections=1))
    if _file_of(url) is None:
        return None
    engine = create_engine(
        url.set(drivername="sqlite"), hide_parameters=True, poolclass=SingletonThreadPool
    )
    _configure(engine)
    return BlockingThread(engine)


def _postgresql_engine(url: URL, *, connections: int) -> AsyncEngine:
    return create_async_engine(url, pool_size=connections, pool_pre_ping=True, hide_parameters=True)


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return _postgresql_engine(url, connections=POOL_SIZE)
    pool: dict[str, Any] = {} if _file_of(url) is None else {"pool_size": POOL_SIZE}
    # What callers said stays out of errors, which are logged.
    engine = create_async_engine(url, hide_parameters=True, **pool)
    _configure(engine.sync_engine)
    return engine


def _configure(engine: Engine) -> None:
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions late and of the wrong kind; `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    pragmas = (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is deleted is overwritten
    )
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes then cannot wait for another's write: it fails at
    # once. So one that is going to write says so as it begins.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
