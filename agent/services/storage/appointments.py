"""Appointments in the database. A slot is given once, however many calls ask at a time."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, insert, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.call.appointments import (
    Appointment,
    AppointmentNotFound,
    OpeningHours,
    Owner,
    Slot,
    SlotNotOffered,
    SlotTaken,
)
from agent.services.slots import slots_on
from agent.services.storage.engine import Database
from agent.services.storage.tables import appointment_owners, appointments

HORIZON = timedelta(days=366)
"""How far ahead appointments are given."""

_REFERENCE_DIGITS = (4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8)
"""Each a try to draw one that is free: short while there are few appointments."""


class SqlAppointmentBook:
    """The appointments of the business. An AppointmentBook."""

    def __init__(self, database: Database, hours: OpeningHours, *, length_min: int) -> None:
        self._database = database
        self._hours = hours
        self._length_min = length_min

    async def free_slots(self, day: date) -> Sequence[Slot]:
        """See AppointmentBook."""
        slots = self._offered(day)
        if not slots:
            return ()
        async with self._database.reading() as connection:
            taken = await _booked(connection, slots[0].starts_at, slots[-1].ends_at)
        return [slot for slot in slots if not any(_overlap(slot, other) for other in taken)]

    async def book(
        self, day: date, at: time, *, name: str, purpose: str, owner: Owner, request_key: str | None
    ) -> Appointment:
        """See AppointmentBook."""
        try:
            async with self._database.writing(alone_on=appointments) as connection:
                if (earlier := await _requested(connection, request_key)) is not None:
                    return self._appointment(earlier)
                slot = self._slot(day, at)
                await _refuse_if_taken(connection, slot)
                values = {"name": name, "purpose": purpose, "request_key": request_key}
                return self._appointment(await self._insert(connection, slot, owner, values))
        except IntegrityError:
            raise SlotTaken("that time is taken") from None

    async def move(self, reference: str, day: date, at: time, *, owner: Owner) -> Appointment:
        """See AppointmentBook."""
        try:
            async with self._database.writing(alone_on=appointments) as connection:
                found = await self._find(connection, reference, owner)
                if found.cancelled_at is not None:
                    raise AppointmentNotFound(reference)
                current = self._appointment(found)
                if _starts_at(current.slot, day, at):
                    return current
                slot = self._slot(day, at)
                await _refuse_if_taken(connection, slot, but=found.id)
                moved = update(appointments).where(appointments.c.id == found.id)
                times = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
                await connection.execute(moved.values(**times))
        except IntegrityError:
            raise SlotTaken("that time is taken") from None
        return Appointment(reference, slot, current.name, current.purpose)

    async def cancel(self, reference: str, *, owner: Owner) -> Appointment:
        """See AppointmentBook."""
        async with self._database.writing(alone_on=appointments) as connection:
            found = await self._find(connection, reference, owner)
            given_up = update(appointments).where(
                appointments.c.id == found.id, appointments.c.cancelled_at.is_(None)
            )
            # Without its key, the same request would book anew, not find what is cancelled.
            await connection.execute(
                given_up.values(cancelled_at=self._hours.now(), request_key=None)
            )
        return self._appointment(found)

    async def upcoming(self, owner: Owner) -> Sequence[Appointment]:
        """See AppointmentBook."""
        theirs = and_(
            _belongs_to(owner),
            appointments.c.cancelled_at.is_(None),
            appointments.c.ends_at > self._hours.now(),
        )
        query = select(appointments).where(theirs).order_by(appointments.c.starts_at)
        async with self._database.reading() as connection:
            return [self._appointment(row) for row in await connection.execute(query)]

    def _offered(self, day: date) -> list[Slot]:
        now = self._hours.now()
        if not now.date() <= day <= now.date() + HORIZON:
            return []
        openings = self._hours.on(day)
        slots = slots_on(day, openings, length_min=self._length_min, zone=self._hours.zone)
        return [slot for slot in slots if _utc(slot.starts_at) > _utc(now)]

    def _slot(self, day: date, at: time) -> Slot:
        for slot in self._offered(day):
            if _starts_at(slot, day, at):
                return slot
        raise SlotNotOffered("no appointment starts at that time")

    async def _insert(
        self, connection: AsyncConnection, slot: Slot, owner: Owner, values: dict[str, Any]
    ) -> Row[Any]:
        new = insert(appointments).values(
            reference=await _free_reference(connection),
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            created_at=self._hours.now(),
            **values,
        )
        booked = (await connection.execute(new.returning(*appointments.c))).one()
        await connection.execute(
            insert(appointment_owners),
            [{"appointment_id": booked.id, "owner": key} for key in sorted(owner)],
        )
        return booked

    async def _find(self, connection: AsyncConnection, reference: str, owner: Owner) -> Row[Any]:
        theirs = and_(
            appointments.c.reference == reference,
            _belongs_to(owner),
            appointments.c.ends_at > self._hours.now(),
        )
        found = (await connection.execute(select(appointments).where(theirs))).first()
        if found is None:
            raise AppointmentNotFound(reference)
        return found

    def _appointment(self, row: Row[Any]) -> Appointment:
        zone = self._hours.zone
        slot = Slot(row.starts_at.astimezone(zone), row.ends_at.astimezone(zone))
        return Appointment(row.reference, slot, row.name, row.purpose)


def _starts_at(slot: Slot, day: date, at: time) -> bool:
    return slot.starts_at.replace(tzinfo=None, fold=0) == datetime.combine(day, at)


def _overlap(one: Slot, other: tuple[datetime, datetime]) -> bool:
    return _utc(one.starts_at) < other[1] and other[0] < _utc(one.ends_at)


def _utc(moment: datetime) -> datetime:
    """For comparing: of two moments in one zone, Python compares what the clock shows."""
    return moment.astimezone(UTC)


def _belongs_to(owner: Owner) -> ColumnElement[bool]:
    key = and_(
        appointment_owners.c.appointment_id == appointments.c.id,
        appointment_owners.c.owner.in_(sorted(owner)),
    )
    return exists().where(key)


async def _booked(
    connection: AsyncConnection, start: datetime, end: datetime, *, but: int | None = None
) -> list[tuple[datetime, datetime]]:
    in_the_way = and_(
        appointments.c.cancelled_at.is_(None),
        appointments.c.starts_at < end,
        appointments.c.ends_at > start,
        appointments.c.id != but if but is not None else true(),
    )
    times = select(appointments.c.starts_at, appointments.c.ends_at).where(in_the_way)
    return [(row.starts_at, row.ends_at) for row in await connection.execute(times)]


async def _refuse_if_taken(
    connection: AsyncConnection, slot: Slot, *, but: int | None = None
) -> None:
    if await _booked(connection, slot.starts_at, slot.ends_at, but=but):
        raise SlotTaken("that time is taken")


async def _requested(connection: AsyncConnection, request_key: str | None) -> Row[Any] | None:
    if request_key is None:
        return None
    same = select(appointments).where(appointments.c.request_key == request_key)
    return (await connection.execute(same)).first()


async def _free_reference(connection: AsyncConnection) -> str:
    for digits in _REFERENCE_DIGITS:
        reference = str(10 ** (digits - 1) + secrets.randbelow(9 * 10 ** (digits - 1)))
        same = select(appointments.c.id).where(appointments.c.reference == reference)
        if (await connection.execute(same)).first() is None:
            return reference
    raise RuntimeError("no reference is free")  # with eight digits, out of reach
