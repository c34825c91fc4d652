"""The business behind the protocols, kept in dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.call.appointments import (
    Appointment,
    AppointmentNotFound,
    Opening,
    OpeningHours,
    Owner,
    Slot,
    SlotNotOffered,
    SlotTaken,
)
from agent.call.messages import Message
from agent.call.orders import Order, OrderNotFound
from agent.call.services import Services
from agent.call.state import CallerIdentity, CallState
from agent.services.slots import slots_on

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=BERLIN)


@dataclass
class FakeHours:
    """Open from nine to five on every weekday. An OpeningHours."""

    at: datetime = MONDAY_NOON
    days: dict[int, tuple[Opening, ...]] = field(
        default_factory=lambda: {weekday: (Opening(540, 1020),) for weekday in range(5)}
    )
    closed: set[date] = field(default_factory=set)

    @property
    def zone(self) -> ZoneInfo:
        """See OpeningHours."""
        return BERLIN

    def now(self) -> datetime:
        """See OpeningHours."""
        return self.at.astimezone(BERLIN)

    def on(self, day: date) -> Sequence[Opening]:
        """See OpeningHours."""
        return () if day in self.closed else self.days.get(day.weekday(), ())

    def week(self) -> Sequence[Sequence[Opening]]:
        """See OpeningHours."""
        return [self.days.get(weekday, ()) for weekday in range(7)]


@dataclass
class FakeAppointmentBook:
    """Half hours, by reference. An AppointmentBook."""

    hours: OpeningHours = field(default_factory=FakeHours)
    booked: dict[str, tuple[Appointment, Owner]] = field(default_factory=dict)
    cancelled: dict[str, tuple[Appointment, Owner]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)

    async def free_slots(self, day: date) -> Sequence[Slot]:
        """See AppointmentBook."""
        taken = {appointment.slot for appointment, _ in self.booked.values()}
        return [slot for slot in self._offered(day) if slot not in taken]

    async def book(
        self, day: date, at: time, *, name: str, purpose: str, owner: Owner, request_key: str | None
    ) -> Appointment:
        """See AppointmentBook."""
        if request_key in self.requests and self.requests[request_key] in self.booked:
            return self.booked[self.requests[request_key]][0]
        reference = str(1000 + len(self.booked) + len(self.cancelled))
        appointment = Appointment(reference, await self._free(day, at), name, purpose)
        self.booked[reference] = (appointment, owner)
        if request_key is not None:
            self.requests[request_key] = reference
        return appointment

    async def move(self, reference: str, day: date, at: time, *, owner: Owner) -> Appointment:
        """See AppointmentBook."""
        appointment, keys = self._find(self.booked, reference, owner)
        if appointment.slot.starts_at.replace(tzinfo=None) == datetime.combine(day, at):
            return appointment
        moved = replace(appointment, slot=await self._free(day, at))
        self.booked[reference] = (moved, keys)
        return moved

    async def cancel(self, reference: str, *, owner: Owner) -> Appointment:
        """See AppointmentBook."""
        appointment, keys = self._find(self.booked | self.cancelled, reference, owner)
        self.booked.pop(reference, None)
        self.cancelled[reference] = (appointment, keys)
        return appointment

    async def upcoming(self, owner: Owner) -> Sequence[Appointment]:
        """See AppointmentBook."""
        theirs = (appointment for appointment, keys in self.booked.values() if keys & owner)
        to_come = (one for one in theirs if one.slot.ends_at > self.hours.now())
        return sorted(to_come, key=lambda appointment: appointment.slot.starts_at)

    def _offered(self, day: date) -> list[Slot]:
        if abs(day - self.hours.now().date()) > timedelta(days=366):
            return []
        slots = slots_on(day, self.hours.on(day), length_min=30, zone=self.hours.zone)
        return [slot for slot in slots if slot.starts_at > self.hours.now()]

    async def _free(self, day: date, at: time) -> Slot:
        for slot in self._offered(day):
            if slot.starts_at.replace(tzinfo=None) == datetime.combine(day, at):
                if slot not in await self.free_slots(day):
                    raise SlotTaken
                return slot
        raise SlotNotOffered

    def _find(
        self, among: dict[str, tuple[Appointment, Owner]], reference: str, owner: Owner
    ) -> tuple[Appointment, Owner]:
        appointment, keys = among.get(reference, (None, frozenset()))
        if appointment is None or not keys & owner:
            raise AppointmentNotFound
        if appointment.slot.ends_at <= self.hours.now():
            raise AppointmentNotFound
        return appointment, keys


@dataclass
class FakeOrderBook:
    """Orders by number, each with its customer and postcode. An OrderBook."""

    orders: dict[str, tuple[Order, str, str]] = field(default_factory=dict)
    asked: int = 0

    def has(self, order: Order, *, customer: str, postcode: str) -> None:
        """Put an order in."""
        self.orders[order.number] = (order, customer, postcode)

    async def verify(self, number: str, postcode: str) -> str | None:
        """See OrderBook."""
        self.asked += 1
        _, customer, expected = self.orders.get(number, (None, None, ""))
        return customer if postcode == expected else None

    async def find(self, number: str, *, customer: str) -> Order:
        """See OrderBook."""
        order, owner, _ = self.orders.get(number, (None, None, ""))
        if order is None or owner != customer:
            raise OrderNotFound
        return order

    async def of(self, customer: str) -> Sequence[Order]:
        """See OrderBook."""
        return [order for order, owner, _ in self.orders.values() if owner == customer]


@dataclass
class FakeMessageBox:
    """Messages by request, or by their place. A MessageBox."""

    phone_region: str | None = None
    left: dict[object, Message] = field(default_factory=dict)

    async def leave(self, message: Message, *, request_key: str | None) -> None:
        """See MessageBox."""
        self.left.setdefault(request_key or len(self.left), message)


def business_call(
    *,
    caller: CallerIdentity | None = None,
    hours: FakeHours | None = None,
    appointments: FakeAppointmentBook | None = None,
    orders: FakeOrderBook | None = None,
    messages: FakeMessageBox | None = None,
    call_id: str = "call-1",
) -> CallState:
    """A call that reaches this business, and nothing else of the outside."""
    absent: Any = None
    hours = hours or FakeHours()
    services = Services(
        weather=absent,
        knowledge=absent,
        hours=hours,
        appointments=appointments or FakeAppointmentBook(hours),
        orders=orders or FakeOrderBook(),
        messages=messages or FakeMessageBox(),
    )
    return CallState(
        call_id=call_id,
        language="en",
        control=absent,
        turns=absent,
        services=services,
        caller=caller or CallerIdentity(identity="anna"),
    )
