"""Deletes what was kept for long enough, a little at a time; many workers may do it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.records.audio_files import AudioFiles
from agent.records.audit import WORKER, AuditLog
from agent.records.draining import drain
from agent.records.places import Places
from agent.records.rounds import keep_doing
from agent.records.store import CallStore
from agent.records.tables import call_events, calls
from agent.records.traces import delete_calls
from agent.services.storage.tables import ledger
from agent.settings import RecordSettings

EVERY_S = 3_600.0
ROUND_LIMIT_S = 900.0
TEXTS_AT_ONCE = 200
"""In one transaction, which holds SQLite for 4 ms (2,000 calls of 60 entries, two cores)."""
CALLS_AT_ONCE = 20
PAUSE_S = 0.02
"""After each transaction: others write in between."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long things are kept; None for ever."""

    audio: timedelta | None = None
    transcripts: timedelta | None = None
    """What was said, and who called as far as the entries tell; the call as a whole still does."""
    records: timedelta | None = None

    @classmethod
    def of(cls, settings: RecordSettings) -> Keeping:
        """As the settings say."""
        records = _days(settings.keep_records_days)
        audio, transcripts = (
            min((each for each in (_days(days), records) if each is not None), default=None)
            for days in (settings.keep_audio_days, settings.keep_transcripts_days)
        )
        return cls(audio, transcripts, records)


FOR_EVER = Keeping()


@dataclass(frozen=True, slots=True)
class Expired:
    """How much was deleted."""

    audio_files: int = 0
    texts: int = 0
    tool_answers: int = 0
    calls: int = 0

    def by_action(self) -> dict[str, int]:
        """As the audit log names it."""
        return {
            "expire audio": self.audio_files,
            "expire transcripts": self.texts,
            "expire tool answers": self.tool_answers,
            "expire records": self.calls,
        }


async def expire(places: Places, keeping: Keeping, *, actor: str, now: datetime) -> Expired:
    """Delete what is older than it is to be kept, and note in the audit log how much. A call that
    is open is left alone. What waits in the spool is brought in before.

    Args:
        places: Where it is.
        keeping: How long what is kept.
        actor: Who wants it, for the audit log.
        now: What time it is.
    """
    store = CallStore(places.database)
    await store.prepare()
    await drain(places.spool, store, await asyncio.to_thread(places.spool.waiting))
    audio_files = texts = tool_answers = deleted = 0
    if keeping.audio is not None:
        audio_files = await asyncio.to_thread(_delete_audio, places.audio, now - keeping.audio)
    if keeping.transcripts is not None:
        before = now - keeping.transcripts
        if places.letters is not None:
            await asyncio.to_thread(places.letters.forget_before, before)
        texts = await _repeat(places, lambda connection: _forget_texts(connection, before))
        tool_answers = await _repeat(places, lambda connection: _forget_done(connection, before))
    if keeping.records is not None:
        until = now - keeping.records
        deleted = await _repeat(places, lambda connection: _forget_calls(connection, until))
    expired = Expired(audio_files, texts, tool_answers, deleted)
    audit = AuditLog(places.database)
    for action, count in expired.by_action().items():
        if count:
            await audit.note(actor, action, count=count)
    return expired


async def keep_expiring(
    open_places: Callable[[AsyncExitStack], Places], keeping: Keeping, *, every_s: float = EVERY_S
) -> NoReturn:
    """Delete what is too old now and then, until cancelled. In between no connection is held.

    Args:
        open_places: Opens where it is, and says how that is closed.
        keeping: See `expire`.
        every_s: The pause in between.
    """

    async def once() -> None:
        async with AsyncExitStack() as closing:
            await expire(open_places(closing), keeping, actor=WORKER, now=datetime.now(UTC))

    failure = "what is too old could not be deleted"
    await keep_doing(once, every_s=every_s, limit_s=ROUND_LIMIT_S, failure=failure)


async def _repeat(places: Places, some: Callable[[AsyncConnection], Awaitable[int]]) -> int:
    """Do something until there is nothing left to do; returns to how much it was done."""
    total = 0
    while True:
        async with places.database.writing() as connection:
            count = await some(connection)
        if not count:
            return total
        total += count
        await asyncio.sleep(PAUSE_S)


async def _forget_texts(connection: AsyncConnection, before: datetime) -> int:
    old = (
        select(call_events.c.call_id, call_events.c.seq)
        .where(call_events.c.personal.is_not(None), call_events.c.at < before)
        .where(call_events.c.call_id.not_in(select(calls.c.id).where(calls.c.state == "open")))
        .order_by(call_events.c.at)
        .limit(TEXTS_AT_ONCE)
        .with_for_update(of=call_events, skip_locked=True)
    )
    found = [{"of_call": row.call_id, "at_seq": row.seq} for row in await connection.execute(old)]
    if found:
        # One by one: of pairs in a list, SQLite would make a look at the whole table.
        forgotten = (
            update(call_events)
            .where(call_events.c.call_id == bindparam("of_call"))
            .where(call_events.c.seq == bindparam("at_seq"))
            .values(personal=None)
        )
        await connection.execute(forgotten, found)
    return len(found)


async def _forget_done(connection: AsyncConnection, before: datetime) -> int:
    """What tools have done is of no use once its call is over."""
    old = select(ledger.c.call_id, ledger.c.request).where(ledger.c.begun_at < before)
    some = old.limit(TEXTS_AT_ONCE).with_for_update(skip_locked=True)
    rows = await connection.execute(some)
    found = [{"of_call": row.call_id, "of_request": row.request} for row in rows]
    if found:
        forgotten = (
            delete(ledger)
            .where(ledger.c.call_id == bindparam("of_call"))
            .where(ledger.c.request == bindparam("of_request"))
        )
        await connection.execute(forgotten, found)
    return len(found)


async def _forget_calls(connection: AsyncConnection, until: datetime) -> int:
    ended_at = func.coalesce(calls.c.ended_at, calls.c.heartbeat_at)
    old = (
        select(calls.c.id)
        .where(calls.c.started_at < until, ended_at < until, calls.c.state != "open")
        .order_by(calls.c.started_at)
        .limit(CALLS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found: Sequence[Any] = (await connection.execute(old)).scalars().all()
    if found:
        await delete_calls(connection, found)
    return len(found)


def _delete_audio(audio: AudioFiles, before: datetime) -> int:
    return sum(audio.remove(call_id) for call_id in audio.older_than(before))


def _days(count: int) -> timedelta | None:
    return timedelta(days=count) if count else None
