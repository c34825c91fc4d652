"""Appointments: what is free, and the caller's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field

from agent.call.appointments import (
    Appointment,
    AppointmentNotFound,
    Slot,
    SlotNotOffered,
    SlotTaken,
)
from agent.call.cards import AppointmentCard, show
from agent.call.ledger import request_key
from agent.call.spoken import (
    spoken_day,
    spoken_digits,
    spoken_list,
    spoken_moment,
    spoken_number,
    spoken_time,
)
from agent.call.state import CallState
from agent.call.tool import tool
from agent.errors import ToolError

Name = Annotated[str, Field(min_length=1, max_length=100)]
Purpose = Annotated[str, Field(max_length=300)]
Reference = Annotated[str, Field(max_length=40)]

_SEARCHED_DAYS = 14
"""How far a day that is full is searched past for the next free time."""
_OFFERED_INSTEAD = 3


@tool()
async def find_free_slots(call: CallState, day: date) -> str:
    """Find free appointment times on a day. Use it before you offer or book a time.

    Args:
        day: The date, such as "2026-03-03".
    """
    _refuse_past(call, day)
    if slots := await call.services.appointments.free_slots(day):
        return f"On {spoken_day(day)} these times are free: {_spoken_slots(slots)}."
    return f"Nothing is free on {spoken_day(day)}. {await _next_free(call, day)}"


async def _ask_to_book(call: CallState, day: date, time: time, name: str, purpose: str = "") -> str:
    await _slot_at(call, day, time)
    return f"Shall I book {_spoken_start(day, time)} for {name}?"


@tool(changes=True, confirm=_ask_to_book, private=frozenset({"name", "purpose"}))
async def book_appointment(
    call: CallState, day: date, time: time, name: Name, purpose: Purpose = ""
) -> str:
    """Book an appointment for the caller. Ask for the day, the time and the name first.

    Args:
        day: The date of the appointment, such as "2026-03-03".
        time: When it starts, on the 24-hour clock, such as "15:00".
        name: The name of the person whom it is for.
        purpose: What it is about, in a few words, if the caller says so.
    """
    at = _wall_clock(time)
    try:
        booked = await call.services.appointments.book(
            day, at, name=name, purpose=purpose, owner=call.owner, request_key=request_key()
        )
    except (SlotTaken, SlotNotOffered):
        raise await _not_free(call, day, at) from None
    call.facts["name"] = name
    call.facts["appointment"] = f"{_spoken(booked)}, reference {booked.reference}"
    _show("booked", booked)
    return f"Booked: {_spoken(booked)}. The reference is {spoken_digits(booked.reference)}."


async def _ask_to_move(call: CallState, day: date, time: time, reference: str | None = None) -> str:
    appointment = await _theirs(call, reference)
    if not _starts_at(appointment.slot, day, _wall_clock(time)):
        await _slot_at(call, day, time)
    return f"Shall I move {_spoken(appointment)} to {_spoken_start(day, time)}?"


@tool(changes=True, confirm=_ask_to_move)
async def move_appointment(
    call: CallState, day: date, time: time, reference: Reference | None = None
) -> str:
    """Move an appointment of the caller to another day or time.

    Args:
        day: The new date, such as "2026-03-03".
        time: When it starts then, on the 24-hour clock, such as "15:00".
        reference: The appointment's reference number, where the caller has several appointments.
    """
    appointment, at = await _theirs(call, reference), _wall_clock(time)
    try:
        moved = await call.services.appointments.move(
            appointment.reference, day, at, owner=call.owner
        )
    except AppointmentNotFound:
        raise _unknown() from None
    except (SlotTaken, SlotNotOffered):
        raise await _not_free(call, day, at) from None
    call.facts["appointment"] = f"{_spoken(moved)}, reference {moved.reference}"
    _show("moved", moved)
    return f"Moved: it is now {_spoken(moved)}. The reference stays the same."


async def _ask_to_cancel(call: CallState, reference: str | None = None) -> str:
    return f"Shall I cancel {_spoken(await _theirs(call, reference))}?"


@tool(changes=True, confirm=_ask_to_cancel)
async def cancel_appointment(call: CallState, reference: Reference | None = None) -> str:
    """Cancel an appointment of the caller.

    Args:
        reference: The appointment's reference number, where the caller has several appointments.
    """
    appointment = await _theirs(call, reference)
    try:
        await call.services.appointments.cancel(appointment.reference, owner=call.owner)
    except AppointmentNotFound:
        raise _unknown() from None
    call.facts.pop("appointment", None)
    _show("cancelled", appointment)
    return f"Cancelled: {_spoken(appointment)}."


@tool()
async def list_appointments(call: CallState) -> str:
    """List the appointments that the caller has, as when asked "When is my appointment?"."""
    found = await call.services.appointments.upcoming(call.owner)
    if not found:
        return "This caller has no appointment that we can see from here."
    return f"The caller has {_spoken_all(found)}."


def _show(action: Literal["booked", "moved", "cancelled"], appointment: Appointment) -> None:
    show(
        AppointmentCard(
            action=action,
            subject=appointment.purpose,
            starts_at=appointment.slot.starts_at,
            ends_at=appointment.slot.ends_at,
            reference=appointment.reference,
        )
    )


async def _theirs(call: CallState, reference: str | None) -> Appointment:
    """The appointment of a reference, or the only one; what is another's is as if it were not."""
    found = await call.services.appointments.upcoming(call.owner)
    digits = "".join(filter(str.isdigit, reference or ""))
    if digits:
        found = [appointment for appointment in found if appointment.reference == digits]
    if not found:
        raise _unknown()
    if len(found) > 1:
        raise ToolError(f"There are several. Ask which one it is: {_spoken_all(found)}.")
    return found[0]


def _unknown() -> ToolError:
    return ToolError(
        "This caller has no such appointment that we can see from here. Say so, and ask whether"
        " it was made from another telephone."
    )


def _refuse_past(call: CallState, day: date) -> None:
    if day < (today := call.services.hours.now().date()):
        raise ToolError(f"{spoken_day(day)} is past; today is {spoken_day(today)}. Ask which day.")


async def _slot_at(call: CallState, day: date, at: time) -> Slot:
    _refuse_past(call, day)
    at = _wall_clock(at)
    for slot in await call.services.appointments.free_slots(day):
        if _starts_at(slot, day, at):
            return slot
    raise await _not_free(call, day, at)


async def _not_free(call: CallState, day: date, at: time) -> ToolError:
    """What to offer instead of a time that cannot be had."""
    wanted = datetime.combine(day, at)
    slots = await call.services.appointments.free_slots(day)
    if not slots:
        return ToolError(f"Nothing is free on {spoken_day(day)}. {await _next_free(call, day)}")
    near = sorted(slots, key=lambda slot: abs(_shown(slot) - wanted))[:_OFFERED_INSTEAD]
    times = [spoken_time(_shown(slot).time()) for slot in sorted(near, key=_shown)]
    return ToolError(
        f"{_spoken_start(day, at)} is not free. Offer {spoken_list(times, 'or')} on that day."
    )


async def _next_free(call: CallState, after: date) -> str:
    if after > date.max - timedelta(days=_SEARCHED_DAYS):
        return "Ask for another day."
    for ahead in range(1, _SEARCHED_DAYS + 1):
        if slots := await call.services.appointments.free_slots(after + timedelta(days=ahead)):
            return f"The next free time is {spoken_moment(slots[0].starts_at)}."
    return "Nothing is free in the two weeks after either."


def _wall_clock(at: time) -> time:
    """On the clock of the business, to the minute, whatever zone the model put on it."""
    return at.replace(second=0, microsecond=0, tzinfo=None)


def _shown(slot: Slot) -> datetime:
    return slot.starts_at.replace(tzinfo=None)


def _starts_at(slot: Slot, day: date, at: time) -> bool:
    return _shown(slot) == datetime.combine(day, at)


def _spoken_start(day: date, at: time) -> str:
    return f"{spoken_day(day)} at {spoken_time(at)}"


def _spoken(appointment: Appointment) -> str:
    return f"{spoken_moment(appointment.slot.starts_at)} for {appointment.name}"


def _spoken_all(appointments: Sequence[Appointment]) -> str:
    return spoken_list(
        [f"{_spoken(one)}, reference {spoken_digits(one.reference)}" for one in appointments]
    )


def _spoken_slots(slots: Sequence[Slot]) -> str:
    return spoken_list([_spoken_run(run) for run in _runs(slots)])


def _runs(slots: Sequence[Slot]) -> list[list[Slot]]:
    """Slots that follow on one another, together."""
    runs: list[list[Slot]] = []
    for slot in slots:
        if runs and runs[-1][-1].ends_at == slot.starts_at:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs


def _spoken_run(run: Sequence[Slot]) -> str:
    times = [spoken_time(_shown(slot).time()) for slot in run]
    if len(run) < 4:
        return spoken_list(times)
    length_min = round((run[0].ends_at - run[0].starts_at).total_seconds() / 60)
    every = "hour" if length_min == 60 else f"{spoken_number(length_min)} minutes"
    return f"every {every} from {times[0]} to {times[-1]}"
