"""A database of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import DatabaseSettings


@pytest.fixture
def settings(tmp_path: Path) -> DatabaseSettings:
    """Of a file that is not there yet, in a folder that is not there yet."""
    return DatabaseSettings(url=f"sqlite:///{tmp_path}/data/parley.sqlite3")
