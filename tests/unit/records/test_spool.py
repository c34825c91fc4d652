"""The spool: what is in it is brought into the database once, whoever dies in the middle."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from agent.call.record import TurnHeard
from agent.records.draining import drain
from agent.records.rows import Header, Row
from agent.records.spool import Spool
from tests.unit.records.calls import BEGAN, HEADER, SHORT_CALL, rows_of


class NotingStore:
    """Remembers each row that it is given; fails when it is told to, after some rows."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int]] = []
        self.fails_after: int | None = None
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def append(self, header: Header, rows: Sequence[Row], *, seen_at: datetime) -> None:
        """See CallStore."""
        self.held.set()
        await self.go_on.wait()
        if self.fails_after is not None and len(self.rows) >= self.fails_after:
            raise OSError("connection refused")
        self.rows += [(header.call_id, row.seq) for row in rows]


def spool_file_size(file: Path) -> int:
    return file.stat().st_size


def tear(file: Path, size: int) -> None:
    os.truncate(file, size)


def folders_with_lines(folder: Path) -> set[Path]:
    return {file.parent for file in folder.rglob("*.jsonl")}


def all_of(count: int, call_id: str = "AJ_one") -> list[tuple[str, int]]:
    return [(call_id, seq) for seq in range(1, count + 1)]


def test_rows_come_out_as_they_went_in(spool_file: Path, spool: Spool) -> None:
    """Header, rows and what they change, and none of it readable by other users."""
    rows = rows_of(SHORT_CALL)
    spool.append(HEADER, rows[:4])
    spool.append(HEADER, rows[4:])
    assert stat.S_IMODE(spool_file.stat().st_mode) == 0o600
    with spool.claim(spool_file) as claimed:
        assert claimed is not None
        assert (claimed.header, list(claimed.rows)) == (HEADER, rows)
        spool.forget(claimed)
    assert spool.waiting() == []


async def test_a_torn_line_is_left_out_and_told(
    spool_file: Path, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    """The end of a file whose writer was killed; what is before it is whole."""
    spool.append(HEADER, rows_of(SHORT_CALL))
    tear(spool_file, spool_file_size(spool_file) - 20)
    store = NotingStore()
    assert await drain(spool, store, spool.waiting()) == len(SHORT_CALL) - 1
    assert store.rows == all_of(len(SHORT_CALL) - 1)
    assert "torn" in caplog.text
    assert spool.waiting() == []


async def test_a_file_with_nothing_but_a_torn_line_goes(spool_file: Path, spool: Spool) -> None:
    """There is nothing to bring, and nothing to keep."""
    spool.append(HEADER, rows_of(SHORT_CALL[:1]))
    tear(spool_file, 10)
    assert await drain(spool, NotingStore(), spool.waiting()) == 0
    assert spool.waiting() == []


async def test_two_who_drain_at_once_do_not_do_it_twice(spool: Spool) -> None:
    """Each file is one's; the other passes it by."""
    for n in range(10):
        spool.append(Header(f"AJ_{n}", "room", BEGAN), rows_of(SHORT_CALL))
    store, files = NotingStore(), spool.waiting()
    counts = await asyncio.gather(*(drain(spool, store, files) for _ in range(4)))
    assert sum(counts) == len(store.rows) == 10 * len(SHORT_CALL)
    assert len(set(store.rows)) == len(store.rows)
    assert spool.waiting() == []


async def test_what_comes_while_a_file_is_drained_is_not_lost(spool: Spool) -> None:
    """It begins a new file, at once."""
    rows = rows_of(SHORT_CALL)
    spool.append(HEADER, rows[:3])
    store = NotingStore()
    store.go_on.clear()
    draining = asyncio.create_task(drain(spool, store, spool.waiting()))
    await store.held.wait()
    await asyncio.to_thread(spool.append, HEADER, rows[3:])
    assert len(spool.files_of("AJ_one")) == 2
    store.go_on.set()
    assert await draining == 3
    assert await drain(spool, store, spool.files_of("AJ_one")) == len(rows) - 3
    assert store.rows == all_of(len(rows))


async def test_a_drain_that_fails_leaves_the_file_to_the_next(spool: Spool) -> None:
    """All of it, under a name by which it is found."""
    turns = [TurnHeard(f"i{n}", "Hello") for n in range(500)]
    spool.append(HEADER, rows_of(turns))
    store = NotingStore()
    store.fails_after = 200
    with pytest.raises(OSError, match="refused"):
        await drain(spool, store, spool.waiting())
    assert store.rows == all_of(200)
    store.fails_after = None
    assert len(spool.files_of("AJ_one")) == 1
    assert await drain(spool, store, spool.waiting()) == 500
    assert sorted(set(store.rows)) == all_of(500)
    assert spool.waiting() == []


async def test_an_id_cannot_choose_a_file(spool: Spool, tmp_path: Path) -> None:
    """Nor is one that is no name of a file refused."""
    for call_id in ("../../escaped", "a.b", "", "x" * 300, "\ud800"):
        header = Header(call_id, "room", BEGAN)
        spool.append(header, rows_of(SHORT_CALL))
        assert len(spool.files_of(call_id)) == 1
    assert folders_with_lines(tmp_path) == {tmp_path / "data" / "spool"}
    store = NotingStore()
    await drain(spool, store, spool.waiting())
    assert len(store.rows) == 5 * len(SHORT_CALL)


@pytest.fixture
def spool_file(tmp_path: Path) -> Path:
    """The file of the one call."""
    return tmp_path / "data" / "spool" / "AJ_one.jsonl"
