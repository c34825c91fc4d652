"""Records in a database of each kind, one of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.publishing.dead_letters import DeadLetters
from agent.records.audio_files import AudioFiles
from agent.records.places import Places
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings


@pytest.fixture
def settings(each_database: DatabaseSettings) -> DatabaseSettings:
    """Of a database with nothing in it."""
    return each_database


@pytest.fixture
def store(database: Database) -> CallStore:
    """The records in it."""
    return CallStore(database)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A folder that is not there yet."""
    return Spool(tmp_path / "data" / "spool")


@pytest.fixture
def places(database: Database, spool: Spool, tmp_path: Path) -> Places:
    """All of it, with nothing in it."""
    folder = tmp_path / "data"
    letters = DeadLetters(folder / "webhooks" / "dead.jsonl")
    return Places(database, spool, AudioFiles(folder / "audio"), letters)
