"""What calls leave in a worker's database, read beside the worker."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_LONG_COUNT = 3_000_000
"""Rows that SQLite counts before each booking is written: about half a second on one core, which is
less than the quiet after which a caller is asked for patience.
"""


class Records:
    """A worker's SQLite file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def appointments(self) -> list[tuple[str, str]]:
        """Name and start of each appointment that stands, in UTC."""
        return self._rows(
            "SELECT name, substr(starts_at, 12, 5) FROM appointments WHERE cancelled_at IS NULL"
        )

    def effects(self) -> int:
        """How many effects of tools were begun."""
        return len(self._rows("SELECT 1 FROM tool_ledger"))

    def clear(self) -> None:
        """Forget appointments, messages and effects; orders stay."""
        with self._writing() as file:
            for table in ("appointment_owners", "appointments", "messages", "tool_ledger"):
                file.execute(f"DELETE FROM {table}")

    @contextmanager
    def slow_bookings(self) -> Iterator[None]:
        """Let each booking take half a second, so that something can happen meanwhile."""
        with self._writing() as file:
            file.execute(
                "CREATE VIEW long_count AS WITH RECURSIVE n(x) AS"
                f" (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {_LONG_COUNT})"
                " SELECT count(*) AS counted FROM n"
            )
            file.execute(
                "CREATE TRIGGER slow_booking BEFORE INSERT ON appointments"
                " BEGIN SELECT counted FROM long_count; END"
            )
        try:
            yield
        finally:
            with self._writing() as file:
                file.execute("DROP TRIGGER slow_booking")
                file.execute("DROP VIEW long_count")

    def _rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self._file, timeout=10)) as file:
            return file.execute(query).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=10)) as file, file:
            yield file
