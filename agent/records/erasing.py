"""Everything that is kept of one caller, or of one call, found and erased.

Not in here is what others said of the caller, what stands in the logs, and the orders: those are
the operator's own, from a file. Backups, and copies that PostgreSQL's server makes, are out of
reach.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from agent.errors import CallNotFound
from agent.records.audio_files import AudioFiles
from agent.records.audit import AuditLog
from agent.records.callers import Caller
from agent.records.draining import drain_wholly
from agent.records.places import Places
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.records.tables import call_events, calls
from agent.records.traces import (
    Traces,
    delete_done,
    delete_for_good,
    in_batches,
    traces_of_call,
    traces_of_caller,
)
from agent.services.storage.tables import appointment_owners, appointments, ledger, messages

CALLS_AT_ONCE = 50
"""In one transaction: others write in between."""

_TABLES = (call_events, calls, messages, appointment_owners, appointments, ledger)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased."""

    traces: Traces
    audio_files: int
    is_scrubbed: bool
    """Whether the database's own files are without it as well, see Database.scrub."""


async def find_traces(places: Places, whose: Caller | str) -> Traces:
    """What there is of a caller, or of the call of an id. The spool is brought into the database
    for that: before, nobody knows whose calls are in there.

    Raises:
        RecordsError: another process keeps a part of the spool to itself.
    """
    await _drain(places, places.spool.waiting)
    async with places.database.reading() as connection:
        if isinstance(whose, Caller):
            return await traces_of_caller(connection, whose)
        return await traces_of_call(connection, whose)


async def erase_caller(places: Places, caller: Caller, *, actor: str) -> Erased:
    """Erase every trace of a caller: their calls wherever they are kept, the messages they left or
    that give their number, and their appointments. Of a call that goes on, no more is recorded.

    Args:
        places: Where to look.
        caller: Whose.
        actor: Who wants it, for the audit log.

    Raises:
        RecordsError: another process keeps a part of the spool to itself.
    """
    traces = await find_traces(places, caller)
    audio_files = await _delete(places, traces)
    await AuditLog(places.database).note(actor, "erase caller", count=len(traces.calls))
    return Erased(traces, audio_files, await _scrub(places))


async def erase_call(places: Places, call_id: str, *, actor: str) -> Erased:
    """Erase one call, and what was done in it; see `erase_caller`.

    Raises:
        CallNotFound: there is nothing of it.
        RecordsError: as `erase_caller`.
    """
    traces = await find_traces(places, call_id)
    audio = await asyncio.to_thread(places.audio.find, call_id)
    if not traces and audio is None:
        raise CallNotFound(f"there is nothing of a call {call_id}")
    traces = replace(traces, calls=(call_id,))
    audio_files = await _delete(places, traces)
    await AuditLog(places.database).note(actor, "erase call", subject=call_id, count=1)
    return Erased(traces, audio_files, await _scrub(places))


async def _delete(places: Places, traces: Traces) -> int:
    """Returns how many audio files there were."""
    audio_files = 0
    async with places.database.writing() as connection:
        await delete_done(connection, traces)
    for call_ids in in_batches(traces.calls, CALLS_AT_ONCE):
        # Before the records, by which they are found should this be killed here.
        audio_files += await asyncio.to_thread(_remove_audio, places.audio, call_ids)
        if places.letters is not None:
            await asyncio.to_thread(places.letters.forget, call_ids)
        async with places.database.writing() as connection:
            await delete_for_good(connection, call_ids, now=datetime.now(UTC))
        await _drain(places, partial(_files_of, places.spool, call_ids))
    return audio_files


async def _scrub(places: Places) -> bool:
    return await places.database.scrub(*_TABLES, patience_s=places.patience_s)


async def _drain(places: Places, files: Callable[[], Sequence[Path]]) -> None:
    store = CallStore(places.database)
    await store.prepare()
    await drain_wholly(places.spool, store, files, patience_s=places.patience_s)


def _remove_audio(audio: AudioFiles, call_ids: Sequence[str]) -> int:
    return sum(audio.remove(call_id) for call_id in call_ids)


def _files_of(spool: Spool, call_ids: Sequence[str]) -> list[Path]:
    return [file for call_id in call_ids for file in spool.files_of(call_id)]
