"""The records in the database, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from agent.call.record import Closed, Entry, Lost, Opened, TurnHeard
from agent.errors import CallNotFound, RecordsError
from agent.records.query import CallQuery
from agent.records.redaction import Redaction
from agent.records.rows import Header, Writing
from agent.records.schema import HEAD, VERSION_TABLE
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from tests.unit.records.calls import BEGAN, HEADER, SHORT_CALL, moment, rows_of


async def test_a_call_is_read_as_it_was_written(store: CallStore) -> None:
    """Every event in its place, and the call as a whole."""
    await store.append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))
    record = await store.call("AJ_one")
    assert tuple(entry.event for entry in record.entries) == SHORT_CALL
    assert [entry.seq for entry in record.entries] == list(range(1, 10))
    call = record.call
    assert (call.state, call.close_reason, call.room) == (
        "closed",
        "participant_disconnected",
        "room-1",
    )
    assert (call.caller_identity, call.caller_number) == ("anna", "+4930123456")
    assert (call.persona, call.pipeline) == ("frontdesk", "cascade")
    assert (call.started_at, call.ended_at) == (BEGAN, moment(9))


async def test_what_is_written_twice_or_in_another_order_is_there_once(
    store: CallStore, other_database: Database
) -> None:
    """As when a batch was given up, spooled, and had been written all the same."""
    rows = rows_of(SHORT_CALL)
    other = CallStore(other_database)
    await asyncio.gather(
        store.append(HEADER, rows[4:], seen_at=moment(9)),
        other.append(HEADER, rows[:6], seen_at=moment(6)),
        store.append(HEADER, rows[2:7], seen_at=moment(7)),
    )
    record = await store.call("AJ_one")
    assert tuple(entry.event for entry in record.entries) == SHORT_CALL
    assert (record.call.state, record.call.heartbeat_at) == ("closed", moment(9))
    assert record.call.persona == "frontdesk"


async def test_a_call_without_a_keeper_is_lost(store: CallStore, other_database: Database) -> None:
    """It is told once, by one of the many that look; a call that is alive or over is not."""
    await store.append(HEADER, rows_of(SHORT_CALL[:5]), seen_at=moment(5))
    await store.append(Header("alive", "r", BEGAN), rows_of([Opened("r")]), seen_at=moment(100))
    await store.append(Header("over", "r", BEGAN), rows_of([Closed("x")]), seen_at=moment(1))
    stores = [store, CallStore(other_database)]
    told = await asyncio.gather(
        *(each.mark_lost(unseen_since=moment(60), now=moment(150)) for each in stores * 3)
    )
    assert sorted(id for ids in told for id in ids) == ["AJ_one"]
    record = await store.call("AJ_one")
    assert (record.call.state, record.call.ended_at) == ("lost", moment(5))
    assert [entry.event for entry in record.entries] == [*SHORT_CALL[:5], Lost(moment(5))]


async def test_a_lost_call_that_is_heard_of_again_goes_on(store: CallStore) -> None:
    """Its later entries find their places free, and it ends as it ended."""
    await store.append(HEADER, rows_of(SHORT_CALL[:5]), seen_at=moment(5))
    await store.mark_lost(unseen_since=moment(6), now=moment(5.5))
    await store.append(HEADER, rows_of(SHORT_CALL[5:7], first=6), seen_at=moment(7))
    call = (await store.call("AJ_one")).call
    assert (call.state, call.ended_at) == ("open", None)
    await store.append(HEADER, rows_of(SHORT_CALL[7:], first=8), seen_at=moment(9))
    record = await store.call("AJ_one")
    events = [entry.event for entry in record.entries]
    assert events == [*SHORT_CALL[:5], Lost(moment(5)), *SHORT_CALL[5:]]
    assert record.call.state == "closed"


async def test_calls_are_found(store: CallStore) -> None:
    """By caller, time, state, reason and words, the latest first; and none of another's."""
    await store.append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))
    later = BEGAN + timedelta(hours=1)
    await store.append(
        Header("AJ_two", "room-2", later), rows_of([Opened("room-2")]), seen_at=later
    )

    async def found(**query: object) -> list[str]:
        return [call.id for call in await store.list_calls(CallQuery(**query))]  # type: ignore[arg-type]

    assert await found() == ["AJ_two", "AJ_one"]
    assert await found(limit=1) == ["AJ_two"]
    for query in (
        {"caller": "anna"},
        {"caller": "+4930123456"},
        {"before": later},
        {"state": "closed"},
        {"reason": "participant_disconnected"},
        {"text": "MY ORDER"},
        {"text": "40217"},
    ):
        assert await found(**query) == ["AJ_one"], query
    assert await found(since=later) == ["AJ_two"]
    assert await found(text="%") == []


async def test_a_call_that_nobody_made_is_not_found(store: CallStore) -> None:
    """It is told by its id."""
    with pytest.raises(CallNotFound, match="AJ_none"):
        await store.call("AJ_none")


async def test_what_was_said_is_redacted_and_sealed(database: Database) -> None:
    """In the database there is none of it; who called can be found, and what was not said read."""
    writing = Writing(redact=Redaction(words=["40217"]).redact_value, seal=_turn_round)
    rows = [writing.row(entry) for entry in _entries()]
    await CallStore(database).append(HEADER, rows, seen_at=moment(9))
    async with database.reading() as connection:
        kept = str((await connection.execute(text("SELECT * FROM call_events"))).all())
    assert "order, please" not in kept
    assert "40217" not in kept
    record = await CallStore(database, unseal=_turn_round).call("AJ_one")
    said = [entry.event for entry in record.entries if isinstance(entry.event, TurnHeard)]
    assert [turn.text for turn in said] == ["Where is my order, please?"]
    assert "[private]" in str(record.entries)
    sealed = await CallStore(database).call("AJ_one")
    assert [entry.event.kind for entry in sealed.entries] == [event.kind for event in SHORT_CALL]
    assert "order, please" not in str(sealed.entries)


async def test_what_clients_name_themselves_fits(store: CallStore) -> None:
    """A name of any length and signs is cut, not refused."""
    name = "a\0" + "\ud800" + "ü" * 400
    await store.append(Header("AJ_one", name, BEGAN), rows_of([Closed(name)]), seen_at=BEGAN)
    call = (await store.call("AJ_one")).call
    assert (call.room[:4], len(call.room)) == ("a?üü", 256)
    assert len(call.close_reason or "") == 200


async def test_processes_that_start_at_once_make_the_tables_once(
    database: Database, other_database: Database
) -> None:
    """None of them fails."""
    stores = [CallStore(database), CallStore(other_database), CallStore(database)]
    await asyncio.gather(*(each.prepare() for each in stores))
    await asyncio.gather(*(each.prepare() for each in stores))
    async with database.reading() as connection:
        versions = (await connection.execute(text(f"SELECT * FROM {VERSION_TABLE}"))).all()
    assert [tuple(row) for row in versions] == [(HEAD,)]


async def test_the_tables_of_a_newer_version_are_refused(
    store: CallStore, database: Database, other_database: Database
) -> None:
    """With what to do about it, and nothing is changed."""
    await store.prepare()
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(RecordsError, match=r"version 9999.*PARLEY_DATABASE_URL"):
        await CallStore(other_database).append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))


def _entries() -> list[Entry]:
    return [Entry(seq, moment(seq), event) for seq, event in enumerate(SHORT_CALL, 1)]


def _turn_round(text: str) -> str:
    return text[::-1]
