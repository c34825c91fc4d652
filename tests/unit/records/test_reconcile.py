"""What calls left behind that could not settle it themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent.call.record import Lost, Opened
from agent.records.query import CallRecord
from agent.records.reconcile import keep_reconciling, reconcile
from agent.records.rows import Header
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from tests.unit.records.calls import HEADER, SHORT_CALL, moment, rows_of

MINUTE = timedelta(minutes=1)


async def test_the_spool_of_a_dead_call_is_brought_in_before_it_is_lost(
    store: CallStore, spool: Spool
) -> None:
    """Its last words are in its record, and so is that it was lost."""
    await store.append(HEADER, rows_of(SHORT_CALL[:3]), seen_at=moment(3))
    spool.append(HEADER, rows_of(SHORT_CALL[3:6], first=4))
    assert await reconcile(store, spool, lost_after=MINUTE, now=moment(120)) == 1
    assert await reconcile(store, spool, lost_after=MINUTE, now=moment(150)) == 0
    record = await store.call("AJ_one")
    assert record.call.state == "lost"
    events = [entry.event for entry in record.entries]
    assert events == [*SHORT_CALL[:6], Lost(moment(6))]


async def test_the_end_of_a_call_in_the_spool_is_its_end(store: CallStore, spool: Spool) -> None:
    """A call that ended while the database was down was not lost."""
    spool.append(HEADER, rows_of(SHORT_CALL))
    assert await reconcile(store, spool, lost_after=MINUTE, now=moment(120)) == 0
    assert (await store.call("AJ_one")).call.state == "closed"


async def test_many_who_settle_at_once_do_it_once(
    store: CallStore, other_database: Database, spool: Spool
) -> None:
    """As many workers do on one database."""
    for n in range(5):
        header = Header(f"AJ_{n}", "room", moment(0))
        await store.append(header, rows_of([Opened("room")]), seen_at=moment(1))
        spool.append(header, rows_of(SHORT_CALL[1:3], first=2))
    stores = [store, CallStore(other_database)] * 3
    counts = await asyncio.gather(
        *(reconcile(each, spool, lost_after=MINUTE, now=moment(120)) for each in stores)
    )
    assert sum(counts) >= 5  # who looks while another drains may see a call lost, and back
    await reconcile(store, spool, lost_after=MINUTE, now=moment(180))
    for call in await store.list_calls():
        kinds = [entry.event.kind for entry in (await store.call(call.id)).entries]
        assert (call.state, kinds.count("lost"), len(kinds)) == ("lost", 1, 4)


async def test_it_goes_on_when_the_database_comes_back(
    database: Database, store: CallStore, spool: Spool
) -> None:
    """A worker whose database is away says so and tries again. Calls that could not be seen alive
    meanwhile are not lost at once: what waits of them is brought in first, and then there is time.
    """
    await store.append(HEADER, rows_of(SHORT_CALL[:3]), seen_at=datetime.now(UTC) - MINUTE)
    spool.append(HEADER, rows_of(SHORT_CALL[3:5], first=4))
    opened = 0

    def open_store(_: object) -> CallStore:
        nonlocal opened
        opened += 1
        if opened < 3:
            raise OSError("connection refused")
        return store

    async def until(holds: Callable[[CallRecord], bool]) -> CallRecord:
        async with asyncio.timeout(10):
            while not holds(record := await store.call("AJ_one")):  # noqa: ASYNC110 - in a database
                await asyncio.sleep(0.01)
        return record

    task = asyncio.create_task(keep_reconciling(open_store, spool, lost_after_s=1, every_s=0.01))
    record = await until(lambda record: len(record.entries) == 5)
    assert record.call.state == "open"
    await until(lambda record: record.call.state == "lost")
    assert opened > 10
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
