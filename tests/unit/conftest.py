"""Databases for whoever says by a `settings` fixture of their own where these are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSettings:
    """Of a database of each kind in turn, with nothing in it."""
    if request.param == "sqlite":
        return DatabaseSettings(url=f"sqlite:///{tmp_path}/data/parley.sqlite3")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return DatabaseSettings(url=server.new_database())


@pytest.fixture
async def database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """A database, closed after the test."""
    database = Database(settings)
    yield database
    await database.aclose()


@pytest.fixture
async def other_database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """The same one as another process opens it."""
    database = Database(settings)
    yield database
    await database.aclose()
