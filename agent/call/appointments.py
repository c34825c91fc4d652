"""Appointments and opening hours as a call asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

from agent.errors import CallerError

Owner = frozenset[str]
"""The keys by which a caller is known, see `CallState.owner`. What was booked under one of them
belongs to whoever has one of them.
"""


class SlotTaken(CallerError):
    """Somebody else has that time."""


class SlotNotOffered(CallerError):
    """No appointment starts then: it is past, outside opening hours, or between two slots."""


class AppointmentNotFound(CallerError):
    """This caller has no appointment of that reference. Another's is not found either."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of local wall-clock time, in minutes after midnight; 1440 is the day's end."""

    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be booked. Both ends are aware, in the time zone of the business."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booking."""

    reference: str
    """Four to six digits, to be said over the phone."""
    slot: Slot
    name: str
    purpose: str = ""


class OpeningHours(Protocol):
    """When the business is open."""

    @property
    def zone(self) -> ZoneInfo:
        """Where its clock stands."""
        ...

    def now(self) -> datetime:
        """The time there, aware."""
        ...

    def on(self, day: date) -> Sequence[Opening]:
        """When it is open on a day, in order; none where it is closed."""
        ...

    def week(self) -> Sequence[Sequence[Opening]]:
        """The days of an ordinary week, from Monday on."""
        ...


class AppointmentBook(Protocol):
    """The appointments of the business. Days and times are wall-clock times of its zone."""

    async def free_slots(self, day: date) -> Sequence[Slot]:
        """What can still be booked on a day, in order."""
        ...

    async def book(
        self, day: date, at: time, *, name: str, purpose: str, owner: Owner, request_key: str | None
    ) -> Appointment:
        """Take a slot. The same request key gets the appointment it got before, and no second.

        Raises:
            SlotNotOffered: there is no such slot.
            SlotTaken: it is gone.
        """
        ...

    async def move(self, reference: str, day: date, at: time, *, owner: Owner) -> Appointment:
        """Put an appointment elsewhere; it keeps its reference. Where it is already is fine.

        Raises:
            AppointmentNotFound: the owner has none such that is still to come.
            SlotNotOffered: there is no such slot.
            SlotTaken: it is gone; the appointment stays where it was.
        """
        ...

    async def cancel(self, reference: str, *, owner: Owner) -> Appointment:
        """Give an appointment up. Cancelling it again is harmless.

        Raises:
            AppointmentNotFound: the owner has none such.
        """
        ...

    async def upcoming(self, owner: Owner) -> Sequence[Appointment]:
        """The owner's appointments that are still to come, soonest first."""
        ...
