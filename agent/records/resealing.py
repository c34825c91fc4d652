"""Everything that is kept sealed, sealed anew with the first key, so that the others can go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select, tuple_, update

from agent.errors import RecordsError, SealingError
from agent.records.audio_files import AudioFiles, reseal_audio
from agent.records.audit import AuditLog
from agent.records.draining import drain_wholly
from agent.records.places import Places
from agent.records.sealing import VARIABLE, Sealing
from agent.records.store import CallStore
from agent.records.tables import call_events
from agent.services.storage.engine import Database

TEXTS_AT_ONCE = 200
"""In one transaction: others write in between."""

_Place = tuple[str, int]
_FIRST: _Place = ("", -1)


@dataclass(slots=True)
class Resealed:
    """What was found and done."""

    texts: int = 0
    """That were sealed anew."""
    audio_files: int = 0
    current: int = 0
    """Texts and files that were sealed with the first key already."""
    going_on: int = 0
    """Files of calls that go on, which were left as they are."""
    shut: list[str] = field(default_factory=list)
    """Calls and files of which something is sealed with a key that is not there."""


async def reseal(
    places: Places,
    sealing: Sealing,
    *,
    actor: str,
    on_batch: Callable[[Resealed], Awaitable[None]] | None = None,
) -> Resealed:
    """Seal texts and audio anew that are not sealed with the first key. It may be broken off at any
    moment and begun again: what is done is done.

    Args:
        places: Where they are.
        sealing: With the first key and those that are to go.
        actor: Who wants it, for the audit log.
        on_batch: Told after each transaction.

    Raises:
        RecordsError: there are no keys; or another process keeps a part of the spool to itself.
    """
    if not sealing.has_keys:
        raise RecordsError(f"{VARIABLE} has no key to seal with")
    store = CallStore(places.database)
    await store.prepare()
    waiting = places.spool.waiting
    await drain_wholly(places.spool, store, waiting, patience_s=places.patience_s)
    done = Resealed()
    place: _Place | None = _FIRST
    while place is not None:
        place = await _reseal_texts(places.database, sealing, done, place)
        if on_batch is not None:
            await on_batch(done)
    for call_id in await asyncio.to_thread(places.audio.call_ids):
        await asyncio.to_thread(_reseal_audio, places.audio, call_id, sealing, done)
    await AuditLog(places.database).note(actor, "reseal", count=done.texts + done.audio_files)
    return done


async def _reseal_texts(
    database: Database, sealing: Sealing, done: Resealed, behind: _Place
) -> _Place | None:
    """Some texts behind a place; returns the place to go on from, and None at the end."""
    key = tuple_(call_events.c.call_id, call_events.c.seq)
    some = (
        select(call_events.c.call_id, call_events.c.seq, call_events.c.personal)
        .where(key > behind, call_events.c.personal.is_not(None))
        .order_by(call_events.c.call_id, call_events.c.seq)
        .limit(TEXTS_AT_ONCE)
    )
    async with database.reading() as connection:
        rows = (await connection.execute(some)).all()
    anew = await asyncio.to_thread(_sealed_anew, rows, sealing, done)
    if anew:
        # Only as it was read: it may have been deleted meanwhile, and is not to come back.
        as_read = (
            update(call_events)
            .where(call_events.c.call_id == bindparam("of_call"))
            .where(call_events.c.seq == bindparam("at_seq"))
            .where(call_events.c.personal == bindparam("was"))
            .values(personal=bindparam("becomes"))
        )
        async with database.writing() as connection:
            await connection.execute(as_read, anew)
        done.texts += len(anew)
    return (rows[-1].call_id, rows[-1].seq) if rows else None


def _sealed_anew(rows: Sequence[Any], sealing: Sealing, done: Resealed) -> list[dict[str, Any]]:
    anew = []
    for call_id, seq, kept in rows:
        if sealing.is_current(kept):
            done.current += 1
            continue
        try:
            becomes = sealing.rotate(kept)
        except SealingError:
            _note_shut(done, call_id)
        else:
            anew.append({"of_call": call_id, "at_seq": seq, "was": kept, "becomes": becomes})
    return anew


def _reseal_audio(audio: AudioFiles, call_id: str, sealing: Sealing, done: Resealed) -> None:
    file = audio.find(call_id)
    if file is None:  # deleted meanwhile
        return
    try:
        match reseal_audio(file, sealing):
            case "sealed anew":
                done.audio_files += 1
            case "current":
                done.current += 1
            case "being written":
                done.going_on += 1
    except SealingError:
        _note_shut(done, call_id)
    except FileNotFoundError:  # the same
        pass


def _note_shut(done: Resealed, name: str) -> None:
    if name not in done.shut:
        done.shut.append(name)
