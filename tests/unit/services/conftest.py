"""A database of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings


@pytest.fixture
def settings(tmp_path: Path) -> DatabaseSettings:
    """Of a file that is not there yet, in a folder that is not there yet."""
    return DatabaseSettings(url=f"sqlite:///{tmp_path}/data/parley.sqlite3")


@pytest.fixture
async def database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """A database, closed after the test."""
    database = Database(settings)
    yield database
    await database.aclose()


@pytest.fixture
async def other_database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """The same file as another process opens it."""
    database = Database(settings)
    yield database
    await database.aclose()
