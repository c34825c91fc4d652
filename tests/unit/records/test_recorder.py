"""The record of a call while it happens: nothing lost, nothing twice, and nothing felt in it."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosqlite
import pytest
from sqlalchemy import make_url

from agent.call.record import Recovery, TurnHeard
from agent.records.draining import drain
from agent.records.recorder import Patience, Recorder
from agent.records.rows import Header, Row, Writing
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from tests.postgres import PostgresServer
from tests.unit.records.calls import HEADER, SHORT_CALL

QUICK = Patience(gather_s=0.01, heartbeat_s=0.05, store_s=0.2, give_up_s=5.0, pause_s=0.05)


def turns(count: int, first: int = 0) -> list[TurnHeard]:
    """Turns that can be told apart."""
    return [TurnHeard(f"i{n}", f"This is turn {n}.") for n in range(first, first + count)]


class BrokenStore:
    """A store that takes nothing while it is down."""

    def __init__(self, store: CallStore) -> None:
        self.down = True
        self.tried = asyncio.Event()
        self._store = store

    async def append(self, header: Header, rows: Sequence[Row], *, seen_at: datetime) -> None:
        """See CallStore."""
        self.tried.set()
        if self.down:
            raise OSError("connection refused")
        await self._store.append(header, rows, seen_at=seen_at)


async def events_in(store: CallStore) -> list[object]:
    """What the record says."""
    return [entry.event for entry in (await store.call("AJ_one")).entries]


async def until(condition: Callable[[], Awaitable[bool]], limit_s: float = 10.0) -> None:
    """Return once something holds that no event tells of: it is on a disk."""
    async with asyncio.timeout(limit_s):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_is_noted_is_in_the_database_in_order(store: CallStore, spool: Spool) -> None:
    """While the call goes on, and all of it once it is closed."""
    recorder = Recorder(HEADER, store, spool, patience=QUICK)
    for event in SHORT_CALL[:3]:
        recorder.note(event)

    async def begun() -> bool:
        return len(await store.list_calls()) > 0

    await until(begun)
    for event in SHORT_CALL[3:]:
        recorder.note(event)
    await recorder.aclose()
    recorder.note(SHORT_CALL[0])
    assert await events_in(store) == list(SHORT_CALL)
    assert spool.waiting() == []


async def test_a_database_that_is_down_loses_nothing(store: CallStore, spool: Spool) -> None:
    """At the start and in the middle: what is spooled comes back, once and in order."""
    broken = BrokenStore(store)
    recorder = Recorder(HEADER, broken, spool, patience=QUICK)
    for event in turns(5):
        recorder.note(event)

    async def spooled() -> bool:
        return len(spool.waiting()) > 0

    await until(spooled)
    broken.down = False

    async def back() -> bool:
        return len(await store.list_calls()) > 0 and not spool.waiting()

    await until(back)
    broken.down = True
    for event in turns(5, first=5):
        recorder.note(event)
    await until(spooled)
    broken.down = False
    for event in turns(5, first=10):
        recorder.note(event)
    await recorder.aclose()
    assert await events_in(store) == turns(15)
    assert spool.waiting() == []


async def test_a_database_that_is_down_at_the_end_leaves_the_spool(
    store: CallStore, spool: Spool
) -> None:
    """Which another process drains."""
    recorder = Recorder(HEADER, BrokenStore(store), spool, patience=QUICK)
    for event in SHORT_CALL:
        recorder.note(event)
    await recorder.aclose()
    assert await drain(spool, store, spool.waiting()) == len(SHORT_CALL)
    assert await events_in(store) == list(SHORT_CALL)
    assert (await store.call("AJ_one")).call.state == "closed"
    assert spool.waiting() == []


async def test_a_locked_file_is_waited_for_beside_the_spool(tmp_path: Path, spool: Spool) -> None:
    """Meanwhile the events are safe on the disk, and afterwards they are in the database once."""
    settings = DatabaseSettings(url=f"sqlite:///{tmp_path}/parley.sqlite3")
    database = Database(settings)
    store = CallStore(database)
    await store.prepare()
    recorder = Recorder(HEADER, store, spool, patience=QUICK)
    file = make_url(settings.url.get_secret_value()).database
    async with aiosqlite.connect(str(file), isolation_level=None) as other:
        await other.execute("BEGIN EXCLUSIVE")
        for event in SHORT_CALL[:5]:
            recorder.note(event)

        async def spooled() -> bool:
            return len(spool.waiting()) > 0

        await until(spooled)
        await other.execute("ROLLBACK")
    for event in SHORT_CALL[5:]:
        recorder.note(event)
    await recorder.aclose()
    assert await events_in(store) == list(SHORT_CALL)
    assert spool.waiting() == []
    await database.aclose()


async def test_noting_takes_no_time_while_the_store_hangs(spool: Spool) -> None:
    """The loop is not held up either, and what was noted is on the disk."""

    class HangingStore:
        async def append(self, header: Header, rows: Sequence[Row], *, seen_at: datetime) -> None:
            await asyncio.Event().wait()

    patience = Patience(gather_s=0.01, store_s=0.05, give_up_s=0.3, pause_s=0.05)
    recorder = Recorder(HEADER, HangingStore(), spool, patience=patience)
    began_s = time.monotonic()
    for event in turns(1000):
        recorder.note(event)
    assert time.monotonic() - began_s < 0.5
    await recorder.aclose()
    rows = 0
    for file in spool.waiting():
        with spool.claim(file) as claimed:
            rows += len(claimed.rows) if claimed else 0
    assert rows == 1000


async def test_an_event_that_cannot_be_written_does_not_take_the_others_with_it(
    store: CallStore, spool: Spool
) -> None:
    """It is told in its place, without what could not bear it."""

    def redact(value: object) -> object:
        if value == "This is turn 1." or isinstance(value, dict):
            raise RuntimeError("no")
        return value

    recorder = Recorder(HEADER, store, spool, writing=Writing(redact=redact), patience=QUICK)
    for event in turns(3):
        recorder.note(event)
    await recorder.aclose()
    kinds = [entry.event.kind for entry in (await store.call("AJ_one")).entries]
    assert kinds == ["turn_heard", "unreadable", "turn_heard"]


async def test_the_record_s_clock_never_goes_back(store: CallStore, spool: Spool) -> None:
    """It goes on from the beginning, whatever the machine's clock says."""
    header = Header("AJ_one", "room-1", datetime.now(UTC) + timedelta(hours=3))
    recorder = Recorder(header, store, spool, patience=QUICK)
    for event in turns(20):
        recorder.note(event)
    await recorder.aclose()
    moments = [entry.at for entry in (await store.call("AJ_one")).entries]
    assert moments == sorted(moments)
    assert header.started_at <= moments[0] < header.started_at + timedelta(minutes=1)


async def test_a_heartbeat_shows_that_the_call_is_alive(store: CallStore, spool: Spool) -> None:
    """Also where nothing happens."""
    recorder = Recorder(HEADER, store, spool, patience=QUICK)

    async def beats() -> bool:
        calls = await store.list_calls()
        return bool(calls) and calls[0].heartbeat_at > HEADER.started_at + timedelta(seconds=0.3)

    await until(beats)
    await recorder.aclose()


async def test_a_folder_that_cannot_be_written_keeps_events_in_memory(
    store: CallStore, spool: Spool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so; they are written once the database is back."""
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "spool").write_text("no folder")
    broken = BrokenStore(store)
    recorder = Recorder(HEADER, broken, spool, patience=QUICK)
    for event in SHORT_CALL:
        recorder.note(event)
    with caplog.at_level(logging.ERROR):

        async def told() -> bool:
            return "memory only" in caplog.text

        await until(told)
        recorder.note(Recovery("silent", "retry"))
        broken.down = False
        await recorder.aclose()
    assert caplog.text.count("memory only") == 1
    assert await events_in(store) == [*SHORT_CALL, Recovery("silent", "retry")]


def test_a_full_disk_stops_the_record_and_not_the_call(tmp_path: Path) -> None:
    """A process that may write no file beyond some size goes on, and says it once."""
    script = Path(__file__).with_name("full_disk.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["ticks", "ok", "events", "200"], done.stdout + done.stderr
    assert done.stderr.count("memory only") == 1


async def test_a_postgresql_server_that_dies_and_comes_back_has_everything(
    postgres_server: PostgresServer, spool: Spool
) -> None:
    """Killed in mid-call with its connections, started again later; nothing is lost or doubled."""
    database = Database(DatabaseSettings(url=postgres_server.new_database()))
    store = CallStore(database)
    recorder = Recorder(HEADER, store, spool, patience=QUICK)
    for event in turns(10):
        recorder.note(event)

    async def begun() -> bool:
        return len(await store.list_calls()) > 0

    await until(begun)
    await asyncio.to_thread(postgres_server.stop)
    for event in turns(10, first=10):
        recorder.note(event)

    async def spooled() -> bool:
        return len(spool.waiting()) > 0

    await until(spooled)
    await asyncio.to_thread(postgres_server.start)
    for event in turns(10, first=20):
        recorder.note(event)
    await recorder.aclose()
    await drain(spool, store, spool.waiting())
    assert await events_in(store) == turns(30)
    await database.aclose()
