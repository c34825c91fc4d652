"""What the database keeps of a caller or of a call, found and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.records.callers import SIP_PREFIX, Caller, values_of
from agent.records.store import insert_missing
from agent.records.tables import call_events, calls, erased_calls
from agent.services.storage.tables import appointment_owners, appointments, ledger, messages

VALUES_AT_ONCE = 500
"""In one statement; SQLite takes some thousands."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Traces:
    """By their keys."""

    calls: tuple[str, ...] = ()
    going_on: tuple[str, ...] = ()
    """Those of the calls that are open."""
    messages: tuple[int, ...] = ()
    appointments: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.calls or self.messages or self.appointments)


async def traces_of_caller(connection: AsyncConnection, caller: Caller) -> Traces:
    """Their calls, what was done in these, and what else has their identity or their number."""
    owners = [f"identity:{caller.identity}"]
    owners += await values_of(connection, appointment_owners.c.owner, caller, number_after="phone:")
    numbers = await values_of(connection, messages.c.phone_number, caller, number_after="")
    of_calls = await _traces(connection, await _calls_of(connection, caller))
    left = await _ids(connection, messages.c.id, messages.c.phone_number, numbers)
    booked = await _appointments_of(connection, owners)
    return replace(
        of_calls,
        messages=tuple({*of_calls.messages, *left}),
        appointments=tuple({*of_calls.appointments, *booked}),
    )


async def traces_of_call(connection: AsyncConnection, call_id: str) -> Traces:
    """The call, and what was done in it; also when its record is gone."""
    found = await _traces(connection, [call_id])
    in_ledger = await _ids(connection, ledger.c.call_id, ledger.c.call_id, [call_id])
    is_kept = await _ids(connection, calls.c.id, calls.c.id, [call_id])
    if found.messages or found.appointments or in_ledger or is_kept:
        return found
    return Traces()


async def delete_for_good(
    connection: AsyncConnection, call_ids: Sequence[str], *, now: datetime
) -> None:
    """Delete calls so that nothing more of them is kept, whatever still comes in. What a call that
    goes on has done keeps its place in the ledger, without a word, so that it is not done twice.
    """
    locked = select(calls.c.id).where(calls.c.id.in_(call_ids), calls.c.state == "open")
    going_on = (await connection.execute(locked.with_for_update())).scalars().all()
    done = ledger.c.call_id.in_(going_on)
    erased = [{"id": call_id, "erased_at": now} for call_id in call_ids]
    await connection.run_sync(insert_missing, erased_calls, erased)
    await connection.execute(update(ledger).where(done).values(result=None))
    await connection.execute(delete(ledger).where(ledger.c.call_id.in_(call_ids), ~done))
    await delete_calls(connection, call_ids)


async def delete_calls(connection: AsyncConnection, call_ids: Sequence[str]) -> None:
    """Delete the records of calls."""
    # Whoever adds to one of them is waited for, and whoever comes later finds it gone.
    locked = select(calls.c.id).where(calls.c.id.in_(call_ids)).order_by(calls.c.id)
    await connection.execute(locked.with_for_update())
    await connection.execute(delete(call_events).where(call_events.c.call_id.in_(call_ids)))
    await connection.execute(delete(calls).where(calls.c.id.in_(call_ids)))


async def delete_done(connection: AsyncConnection, traces: Traces) -> None:
    """Delete the messages and the appointments, whose times are free again then."""
    for ids in in_batches(traces.messages, VALUES_AT_ONCE):
        await connection.execute(delete(messages).where(messages.c.id.in_(ids)))
    for ids in in_batches(traces.appointments, VALUES_AT_ONCE):
        owned = appointment_owners.c.appointment_id.in_(ids)
        await connection.execute(delete(appointment_owners).where(owned))
        await connection.execute(delete(appointments).where(appointments.c.id.in_(ids)))


def in_batches(values: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Parts of them, in their order."""
    for begin in range(0, len(values), size):
        yield values[begin : begin + size]


async def _calls_of(connection: AsyncConnection, caller: Caller) -> Sequence[str]:
    identities = await values_of(
        connection, calls.c.caller_identity, caller, number_after=SIP_PREFIX
    )
    numbers = await values_of(connection, calls.c.caller_number, caller, number_after="")
    is_theirs = or_(
        calls.c.caller_identity.in_([caller.identity, *identities]),
        calls.c.caller_number.in_(numbers),
    )
    found = select(calls.c.id).where(is_theirs).order_by(calls.c.started_at)
    return (await connection.execute(found)).scalars().all()


async def _traces(connection: AsyncConnection, call_ids: Sequence[str]) -> Traces:
    is_open = calls.c.state == "open"
    owners = [f"call:{call_id}" for call_id in call_ids]
    return Traces(
        tuple(call_ids),
        await _ids(connection, calls.c.id, calls.c.id, call_ids, is_open),
        await _ids(connection, messages.c.id, messages.c.call_id, call_ids),
        await _appointments_of(connection, owners),
    )


async def _appointments_of(connection: AsyncConnection, owners: Sequence[str]) -> tuple[int, ...]:
    owned = appointment_owners.c
    return await _ids(connection, owned.appointment_id, owned.owner, owners)


async def _ids(
    connection: AsyncConnection,
    key: ColumnElement[_T],
    column: ColumnElement[str],
    values: Sequence[str],
    *conditions: ColumnElement[bool],
) -> tuple[_T, ...]:
    """The keys of the rows whose column has one of the values."""
    found: dict[Any, None] = {}
    for some in in_batches(values, VALUES_AT_ONCE):
        query = select(key).where(column.in_(some), *conditions)
        found |= dict.fromkeys((await connection.execute(query)).scalars())
    return tuple(found)
