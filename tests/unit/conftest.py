"""Databases for whoever says by a `settings` fixture of their own where these are."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings


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
