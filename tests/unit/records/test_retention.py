"""What was kept for long enough is deleted."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from agent.call.record import Closed, TurnHeard
from agent.call.record_form import said
from agent.publishing.dead_letters import DeadLetters, Letter
from agent.records.audit import WORKER, AuditLog
from agent.records.places import Places
from agent.records.query import CallQuery
from agent.records.retention import Expired, Keeping, expire, keep_expiring
from agent.records.rows import Header
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.services.storage.tables import ledger
from agent.settings import RecordSettings
from tests.unit.records.calls import BEGAN, moment, rows_of
from tests.unit.records.leaving import Person, call

ANNA = Person("anna", "+4930123456")
DAY = timedelta(days=1)


async def run(places: Places, keeping: Keeping, *, now: datetime) -> Expired:
    return await expire(places, keeping, actor=WORKER, now=now)


async def test_words_go_before_the_record_and_the_record_before_nothing(places: Places) -> None:
    """Each in its time, for all calls that are over."""
    await call(places, ANNA, "one")
    store = CallStore(places.database)
    keeping = Keeping(transcripts=10 * DAY, records=20 * DAY)
    assert isinstance(places.letters, DeadLetters)
    at = BEGAN.isoformat()
    places.letters.keep([Letter("endpoint", "msg_one_1", "error", "{}", at, "down")])
    assert await run(places, keeping, now=BEGAN + 9 * DAY) == Expired()
    with places.letters.claimed() as letters:
        assert len(letters) == 1
    assert (await store.call("one")).entries[2].event == TurnHeard("i1", "My name is anna.")

    assert await run(places, keeping, now=BEGAN + 11 * DAY) == Expired(texts=4, tool_answers=1)
    with places.letters.claimed() as letters:
        assert letters == []
    record = await store.call("one")
    assert [text for entry in record.entries for text in said(entry.event) if text] == []
    assert [entry.event.kind for entry in record.entries][2:4] == ["turn_heard", "tool_ended"]
    assert record.call.caller_number == ANNA.number
    assert await _ledger_rows(places.database) == 0

    assert await run(places, keeping, now=BEGAN + 21 * DAY) == Expired(calls=1)
    assert await store.list_calls() == []


async def test_an_open_call_is_left_alone(places: Places) -> None:
    """However old; once it is settled, its time has come."""
    await call(places, ANNA, "one", ends=False)
    keeping, now = Keeping(transcripts=DAY, records=DAY), BEGAN + 99 * DAY
    expired = await run(places, keeping, now=now)
    assert (expired.texts, expired.calls) == (0, 0)
    store = CallStore(places.database)
    await store.append(ANNA.header("one"), rows_of([Closed("x")], first=6), seen_at=moment(9))
    assert (await run(places, keeping, now=now)).calls == 1


async def test_what_comes_late_from_a_spool_does_not_stay(places: Places) -> None:
    """It is as old as it is, whenever it came."""
    places.spool.append(ANNA.header("one"), rows_of(ANNA.says()))
    expired = await run(places, Keeping(transcripts=10 * DAY), now=BEGAN + 11 * DAY)
    assert expired.texts == 4
    assert places.spool.waiting() == []


async def test_audio_goes_by_when_it_was_written(places: Places) -> None:
    """A file that is written to now is not old, whatever its call's record says."""
    now = datetime.now(UTC)
    await call(places, ANNA, "old")
    await call(places, ANNA, "new")
    old_s = (now - 3 * DAY).timestamp()
    os.utime(places.audio.path("old"), (old_s, old_s))
    assert await run(places, Keeping(audio=2 * DAY), now=now) == Expired(audio_files=1)
    assert places.audio.call_ids() == ["new"]


async def test_many_workers_delete_each_thing_once(
    places: Places, other_database: Database
) -> None:
    """In small transactions, and their counts in the audit log add up to what there was."""
    for n in range(30):
        await call(places, ANNA, f"call-{n}")
    await CallStore(places.database).append(
        Header("late", "r", BEGAN + 30 * DAY), rows_of([Closed("x")]), seen_at=BEGAN + 30 * DAY
    )
    keeping = Keeping(audio=None, transcripts=DAY, records=10 * DAY)
    others = [places, replace(places, database=other_database)] * 2
    done = await asyncio.gather(*(run(each, keeping, now=BEGAN + 20 * DAY) for each in others))
    texts, calls = sum(each.texts for each in done), sum(each.calls for each in done)
    assert (texts <= 120, calls) == (True, 30)
    entries = await AuditLog(places.database).entries()
    noted = {entry.action: 0 for entry in entries}
    for entry in entries:
        noted[entry.action] += entry.count
        assert (entry.actor, entry.subject) == (WORKER, "")
    assert (noted["expire transcripts"], noted["expire records"]) == (texts, 30)
    left = await CallStore(places.database).list_calls(CallQuery(limit=100))
    assert [each.id for each in left] == ["late"]


async def test_it_goes_on_after_a_failure(places: Places) -> None:
    """A worker whose database is away tries again, and ends only with the worker."""
    await call(places, ANNA, "one")
    opened = 0

    def open_places(_: AsyncExitStack) -> Places:
        nonlocal opened
        opened += 1
        if opened < 3:
            raise OSError("connection refused")
        return places

    keeping = Keeping(records=DAY)
    task = asyncio.create_task(keep_expiring(open_places, keeping, every_s=0.01))
    async with asyncio.timeout(10):
        while await CallStore(places.database).list_calls():  # noqa: ASYNC110 - in a database
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        ({}, (30, 90, 365)),
        ({"PARLEY_KEEP_RECORDS_DAYS": "60"}, (30, 60, 60)),
        ({"PARLEY_KEEP_RECORDS_DAYS": "0", "PARLEY_KEEP_AUDIO_DAYS": "0"}, (None, 90, None)),
        ({"PARLEY_KEEP_TRANSCRIPTS_DAYS": "0"}, (30, 365, 365)),
    ],
)
def test_nothing_of_a_call_outlives_its_record(
    days: dict[str, str], kept: tuple[int | None, ...]
) -> None:
    """The settings may say so, and the sooner day counts; none is for ever."""
    keeping = Keeping.of(RecordSettings.model_validate(days))
    found = (keeping.audio, keeping.transcripts, keeping.records)
    assert tuple(each and each.days for each in found) == kept


async def _ledger_rows(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(ledger))).scalar_one()
