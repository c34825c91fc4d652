"""Everything that is kept of a caller, erased."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from agent.call.record import TurnHeard
from agent.errors import CallNotFound, RecordsError
from agent.publishing.dead_letters import DeadLetters, Letter, message_id
from agent.records.audit import AuditLog
from agent.records.callers import Caller
from agent.records.draining import drain
from agent.records.erasing import erase_call, erase_caller
from agent.records.places import Places
from agent.records.query import CallQuery
from agent.records.reconcile import reconcile
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.services.storage.ledger import SqlLedger
from agent.services.storage.tables import appointments, ledger, messages
from tests.postgres import PostgresServer
from tests.unit.records.calls import moment, rows_of
from tests.unit.records.leaving import Person, call, do_business, found_in

BEN = Person("benison", "+4930999999")
_HOUR = timedelta(hours=1)


@pytest.fixture
def anna() -> Person:
    """Whose word nobody else has ever said."""
    return Person(f"canary{uuid.uuid4().hex}", f"+4930{uuid.uuid4().int % 10**7:07}1")


@pytest.fixture
def kept_files(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> Callable[[], Iterable[Path]]:
    """All files of the database, after the server has written what it knows, and the folders."""

    def files() -> Iterable[Path]:
        yield from tmp_path.rglob("*")
        if "postgresql" in request.node.callspec.id:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            yield from server.table_files()

    return files


async def write_out(database: Database) -> None:
    async with database.reading() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("CHECKPOINT"))


async def test_no_byte_of_a_caller_is_left(
    places: Places,
    anna: Person,
    kept_files: Callable[[], Iterable[Path]],
    other_database: Database,
) -> None:
    """In tables, -wal, -shm, files, dead letters; and another caller's things are as they were."""
    for n in range(40):  # enough for pages to be split
        await call(places, BEN, f"ben-{n}")
        await call(places, anna, f"anna-{n}")
    await do_business(places, anna, "anna-0", time(10))
    await do_business(places, BEN, "ben-0", time(11))
    places.spool.append(anna.header("anna-away"), rows_of(anna.says()))
    places.spool.append(BEN.header("ben-away"), rows_of(BEN.says()))
    assert isinstance(places.letters, DeadLetters)
    places.letters.keep(
        Letter("endpoint", message_id(call_id, 1), "transcript_final", who.word, "", "down")
        for who, call_id in ((anna, "anna-0"), (BEN, "ben-0"))
    )
    others = await CallStore(other_database).call("ben-7")  # another process holds a connection
    await write_out(places.database)
    assert found_in(kept_files(), anna.word, anna.number, BEN.word) >= {anna.word, anna.number}

    spelled = f"{anna.number[:3]} ({anna.number[3:5]}) {anna.number[5:8]}-{anna.number[8:]}"
    erased = await erase_caller(places, Caller.named(spelled), actor="cli:root")
    await write_out(places.database)

    assert erased.is_scrubbed
    assert (len(erased.traces.calls), erased.audio_files) == (41, 40)
    assert (len(erased.traces.messages), len(erased.traces.appointments)) == (1, 1)
    left = found_in(kept_files(), anna.word, anna.number, anna.number[1:], BEN.word, BEN.number)
    assert left == {BEN.word, BEN.number}
    assert await CallStore(other_database).call("ben-7") == others
    assert len(await CallStore(other_database).list_calls(CallQuery(limit=100))) == 41
    assert len(places.audio.call_ids()) == 40
    async with places.database.reading() as connection:
        for table, count in ((messages, 1), (appointments, 1), (ledger, 40)):
            rows = await connection.execute(select(func.count()).select_from(table))
            assert rows.scalar_one() == count, table.name


async def test_erasing_leaves_a_line_without_the_caller(places: Places, anna: Person) -> None:
    """Who did it, and how many calls it were."""
    await call(places, anna, "one")
    await erase_caller(places, Caller.named(anna.number), actor="cli:root")
    (entry,) = await AuditLog(places.database).entries()
    assert (entry.actor, entry.action, entry.subject, entry.count) == (
        "cli:root",
        "erase caller",
        "",
        1,
    )


async def test_what_comes_in_later_of_an_erased_call_is_not_kept(
    places: Places, anna: Person
) -> None:
    """From a job that still runs, from a spool that was elsewhere, or by whoever settles calls."""
    await call(places, anna, "one", ends=False)
    erased = await erase_caller(places, Caller.named(anna.identity), actor="cli:root")
    assert erased.traces.going_on == ("one",)
    store = CallStore(places.database)
    more = rows_of([TurnHeard("i3", f"It is {anna.word} again.")], first=6)
    await store.append(anna.header("one"), more, seen_at=moment(20))
    places.spool.append(anna.header("one"), more)
    assert await reconcile(store, places.spool, lost_after=_HOUR, now=moment(9_999)) == 0
    assert (await store.list_calls(), places.spool.waiting()) == ([], [])


async def test_what_a_running_call_has_done_is_not_done_again(places: Places, anna: Person) -> None:
    """Its place in the ledger stays until the call is erased by its id; the words in it do not."""
    await call(places, anna, "one", ends=False)
    await erase_caller(places, Caller.named(anna.number), actor="cli:root")
    claim = await SqlLedger(places.database, "one").begin("request")
    assert (claim.status, claim.result) == ("done", None)
    await erase_call(places, "one", actor="cli:root")
    assert (await SqlLedger(places.database, "one").begin("request")).status == "new"


async def test_rows_that_are_written_meanwhile_are_erased_or_refused(
    places: Places, other_database: Database, anna: Person
) -> None:
    """However the two fall together, nothing of the call is there in the end."""
    other = CallStore(other_database)
    for n in range(10):
        await call(places, anna, f"call-{n}", ends=False)

    async def go_on(call_id: str) -> None:
        for seq in range(6, 16):
            rows = rows_of([TurnHeard("i", anna.word)], first=seq)
            try:
                await other.append(anna.header(call_id), rows, seen_at=moment(seq))
            except SQLAlchemyError:  # the recorder does the same
                places.spool.append(anna.header(call_id), rows)

    running = [asyncio.create_task(go_on(f"call-{n}")) for n in range(10)]
    await erase_caller(places, Caller.named(anna.number), actor="cli:root")
    await asyncio.gather(*running)
    await drain(places.spool, other, places.spool.waiting())
    assert await other.list_calls() == []
    async with places.database.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM call_events"))).scalar() == 0


async def test_a_file_that_another_process_drains_is_waited_for(
    places: Places, anna: Person
) -> None:
    """It may be this caller's; when it is in the database, it is erased there."""
    places.spool.append(anna.header("one"), rows_of(anna.says()))
    store = CallStore(places.database)
    with places.spool.claim(places.spool.waiting()[0]) as claimed:
        assert claimed is not None
        erasure = asyncio.create_task(
            erase_caller(places, Caller.named(anna.number), actor="cli:root")
        )
        done, _ = await asyncio.wait([erasure], timeout=0.3)
        assert not done
        await store.append(claimed.header, claimed.rows, seen_at=moment(9))
        places.spool.forget(claimed)
    assert (await erasure).traces.calls == ("one",)
    assert await store.list_calls() == []


async def test_who_holds_a_file_for_too_long_is_told_of(places: Places, anna: Person) -> None:
    """And nothing is erased by halves."""
    places = replace(places, patience_s=0.2)
    await call(places, anna, "one")
    places.spool.append(BEN.header("two"), rows_of(BEN.says()))
    with places.spool.claim(places.spool.waiting()[0]), pytest.raises(RecordsError, match="1 file"):
        await erase_caller(places, Caller.named(anna.number), actor="cli:root")
    assert [each.id for each in await CallStore(places.database).list_calls()] == ["one"]


async def test_a_database_that_could_not_be_scrubbed_is_told(
    places: Places, other_database: Database, anna: Person
) -> None:
    """The rows are gone; that their bytes may be found is not kept back."""
    await call(places, anna, "one")
    places = replace(places, patience_s=0.2)
    async with other_database.reading() as connection:  # for as long as it likes
        await connection.execute(text("SELECT * FROM calls"))
        erased = await erase_caller(places, Caller.named(anna.number), actor="cli:root")
    assert erased.traces.calls == ("one",)
    assert not erased.is_scrubbed
    assert await CallStore(other_database).list_calls() == []


async def test_one_call_is_erased(places: Places, anna: Person) -> None:
    """With what was done in it, and no other of the same caller."""
    for call_id, at in (("one", time(10)), ("two", time(11))):
        await call(places, anna, call_id)
        await do_business(places, anna, call_id, at)
    erased = await erase_call(places, "one", actor="cli:root")
    assert (len(erased.traces.messages), len(erased.traces.appointments)) == (1, 1)
    assert [each.id for each in await CallStore(places.database).list_calls()] == ["two"]
    assert (places.audio.find("one"), places.audio.find("two") is None) == (None, False)
    with pytest.raises(CallNotFound, match="nothing of a call one"):
        await erase_call(places, "one", actor="cli:root")
