"""Records in a database of each kind, one of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSettings:
    """Of a database with nothing in it."""
    if request.param == "sqlite":
        return DatabaseSettings(url=f"sqlite:///{tmp_path}/data/parley.sqlite3")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return DatabaseSettings(url=server.new_database())


@pytest.fixture
def store(database: Database) -> CallStore:
    """The records in it."""
    return CallStore(database)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A folder that is not there yet."""
    return Spool(tmp_path / "data" / "spool")
