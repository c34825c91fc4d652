"""What was deleted, taken out of the file of the database."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, insert

from agent.services.storage.engine import Database
from agent.services.storage.tables import ledger

_NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def test_copies_in_pages_that_were_split_are_gone(database: Database, tmp_path: Path) -> None:
    """A row's neighbours move, and leave their bytes behind where no deletion blanks them."""
    order = random.Random(1)
    rows = [
        {"call_id": f"{n:05}", "request": _word(n) * order.randint(1, 40), "begun_at": _NOW}
        for n in range(3_000)
    ]
    order.shuffle(rows)
    for begin in range(0, len(rows), 100):
        async with database.writing() as connection:
            await connection.execute(insert(ledger), rows[begin : begin + 100])
    async with database.writing() as connection:
        await connection.execute(delete(ledger).where(ledger.c.request.startswith("canary")))
    assert await database.scrub(ledger)
    files = list((tmp_path / "data").iterdir())
    assert not any(b"canary" in file.read_bytes() for file in files)


def _word(n: int) -> str:
    return "other" if n % 3 else "canary"
