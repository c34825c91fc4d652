"""Appointments by voice, with a dictionary for a book."""

from __future__ import annotations

import inspect
from datetime import UTC, date, time
from typing import Any

import pytest

from agent.call.cards import AppointmentCard, watching
from agent.call.ledger import as_request
from agent.call.state import CallerIdentity, CallState
from agent.call.tool import Tool
from agent.errors import ToolError
from tests.fakes.business import FakeAppointmentBook, FakeHours, business_call
from tools.appointments import (
    book_appointment,
    cancel_appointment,
    find_free_slots,
    list_appointments,
    move_appointment,
)

TUESDAY, SATURDAY = date(2026, 3, 3), date(2026, 3, 7)
AT_THREE = {"day": TUESDAY, "time": time(15)}
FOR_ANNA = {**AT_THREE, "name": "Anna"}


@pytest.fixture
def book() -> FakeAppointmentBook:
    """It is Monday noon, and nothing is booked."""
    return FakeAppointmentBook(FakeHours())


@pytest.fixture
def call(book: FakeAppointmentBook) -> CallState:
    """Anna's call."""
    return business_call(appointments=book)


async def question(tool: Tool, call: CallState, **arguments: Any) -> str:
    assert tool.policy.confirm is not None
    asked = tool.policy.confirm(call, **arguments)
    return await asked if inspect.isawaitable(asked) else asked


async def refusal(tool: Tool, call: CallState, **arguments: Any) -> str:
    """What both the question and the tool itself refuse with."""
    with pytest.raises(ToolError) as caught:
        await tool.run(call, arguments)
    with pytest.raises(ToolError) as before:
        await question(tool, call, **arguments)
    assert str(before.value) == str(caught.value)
    return str(caught.value)


async def test_free_times_are_said_in_a_breath(call: CallState) -> None:
    """A whole free day is one sentence, and what is taken is left out of it."""
    assert await find_free_slots.run(call, {"day": TUESDAY}) == (
        "On Tuesday the third of March these times are free:"
        " every thirty minutes from nine in the morning to half past four in the afternoon."
    )
    await book_appointment.run(call, FOR_ANNA)
    said = await find_free_slots.run(call, {"day": TUESDAY})
    assert "to half past two in the afternoon, " not in said
    assert "half past two in the afternoon and half past three in the afternoon" in said


async def test_a_full_or_closed_day_comes_with_the_next_free_time(call: CallState) -> None:
    """The caller is offered something."""
    assert await find_free_slots.run(call, {"day": SATURDAY}) == (
        "Nothing is free on Saturday the seventh of March."
        " The next free time is Monday the ninth of March at nine in the morning."
    )


async def test_booking_asks_first_and_then_books(
    call: CallState, book: FakeAppointmentBook
) -> None:
    """The question names day, time and person; asking books nothing."""
    assert await question(book_appointment, call, **FOR_ANNA) == (
        "Shall I book Tuesday the third of March at three in the afternoon for Anna?"
    )
    assert not book.booked
    with as_request("key"):
        said = await book_appointment.run(call, FOR_ANNA)
        assert await book_appointment.run(call, FOR_ANNA) == said
    assert said == (
        "Booked: Tuesday the third of March at three in the afternoon for Anna."
        " The reference is one zero zero zero."
    )
    assert list(book.booked) == ["1000"]
    assert call.facts["name"] == "Anna"
    assert "1000" in call.facts["appointment"]


async def test_what_changes_something_needs_a_yes() -> None:
    """None of them runs because a model thinks so."""
    for tool in (book_appointment, move_appointment, cancel_appointment):
        assert tool.policy.changes
        assert tool.policy.confirm is not None


async def test_a_taken_time_is_refused_with_others_near_it(call: CallState) -> None:
    """Before the question is asked, and when somebody was faster meanwhile."""
    await book_appointment.run(business_call(call_id="2"), {**FOR_ANNA, "day": date(2026, 3, 4)})
    await book_appointment.run(call, FOR_ANNA)
    assert await refusal(book_appointment, call, **FOR_ANNA) == (
        "Tuesday the third of March at three in the afternoon is not free. Offer two in the"
        " afternoon, half past two in the afternoon or half past three in the afternoon on that"
        " day."
    )


@pytest.mark.parametrize(
    ("day", "at", "said"),
    [
        (date(2026, 2, 27), time(15), "is past; today is Monday the second of March"),
        (TUESDAY, time(22), "is not free. Offer half past three in the afternoon"),
        (TUESDAY, time(15, 10), "Offer half past two in the afternoon, three in the afternoon"),
        (SATURDAY, time(10), "The next free time is Monday the ninth of March"),
        (date.max, time(10), "Ask for another day"),
    ],
)
async def test_what_cannot_be_booked_comes_with_what_can(
    call: CallState, day: date, at: time, said: str
) -> None:
    """The past, the night, between two slots, a closed day, a year nobody lives in."""
    with pytest.raises(ToolError, match=said):
        await question(book_appointment, call, day=day, time=at, name="Anna")
    with pytest.raises(ToolError):
        await book_appointment.run(call, {"day": day, "time": at, "name": "Anna"})


async def test_a_zone_that_a_model_adds_changes_nothing(
    call: CallState, book: FakeAppointmentBook
) -> None:
    """Three o'clock is three o'clock on the clock of the business."""
    await book_appointment.run(call, {**FOR_ANNA, "time": time(15, 0, 30, tzinfo=UTC)})
    (appointment, _) = book.booked["1000"]
    assert f"{appointment.slot.starts_at:%H:%M}" == "15:00"


async def test_the_only_appointment_needs_no_reference(
    call: CallState, book: FakeAppointmentBook
) -> None:
    """Moving it asks with both times, cancelling with the one it has."""
    await book_appointment.run(call, FOR_ANNA)
    to_four = {"day": TUESDAY, "time": time(16)}
    assert await question(move_appointment, call, **to_four) == (
        "Shall I move Tuesday the third of March at three in the afternoon for Anna"
        " to Tuesday the third of March at four in the afternoon?"
    )
    assert "four in the afternoon" in await move_appointment.run(call, to_four)
    assert await question(cancel_appointment, call) == (
        "Shall I cancel Tuesday the third of March at four in the afternoon for Anna?"
    )
    await cancel_appointment.run(call, {})
    assert not book.booked
    assert "no appointment" in await list_appointments.run(call, {})
    assert "appointment" not in call.facts


async def test_of_several_the_reference_chooses(call: CallState, book: FakeAppointmentBook) -> None:
    """Without it the caller is asked, and hears them all; however it is written, it is found."""
    await book_appointment.run(call, FOR_ANNA)
    await book_appointment.run(call, {**FOR_ANNA, "day": date(2026, 3, 4)})
    told = await refusal(cancel_appointment, call)
    assert "reference one zero zero zero" in told
    assert "reference one zero zero one" in told
    await cancel_appointment.run(call, {"reference": "10 0-1"})
    assert list(book.booked) == ["1000"]


async def test_another_callers_appointment_is_not_there(
    call: CallState, book: FakeAppointmentBook
) -> None:
    """A reference that was overheard opens nothing."""
    await book_appointment.run(call, FOR_ANNA)
    ben = business_call(caller=CallerIdentity(identity="ben"), appointments=book, call_id="call-2")
    overheard = {"reference": "1000"}
    assert await refusal(cancel_appointment, ben, **overheard) == await refusal(
        cancel_appointment, ben, reference="9999"
    )
    await refusal(move_appointment, ben, day=TUESDAY, time=time(16), **overheard)
    assert "no appointment" in await list_appointments.run(ben, {})
    assert list(book.booked) == ["1000"]


async def test_callers_who_withhold_their_number_are_not_one_caller(
    book: FakeAppointmentBook,
) -> None:
    """They share an identity in the room, and nothing else; in the same call it is theirs."""
    calls = [
        business_call(
            caller=CallerIdentity(identity="sip_anonymous"), appointments=book, call_id=call_id
        )
        for call_id in ("1", "2")
    ]
    await book_appointment.run(calls[0], FOR_ANNA)
    assert "Anna" in await list_appointments.run(calls[0], {})
    assert "no appointment" in await list_appointments.run(calls[1], {})


async def test_a_verified_customer_finds_what_they_booked_elsewhere(
    book: FakeAppointmentBook,
) -> None:
    """The customer is the same on any telephone."""
    for call_id in ("1", "2"):
        caller = CallerIdentity(identity=f"sip_{call_id}", customer="anna")
        call = business_call(caller=caller, appointments=book, call_id=call_id)
        if call_id == "1":
            await book_appointment.run(call, FOR_ANNA)
        assert "Anna" in await list_appointments.run(call, {})


async def test_what_became_of_an_appointment_is_shown(call: CallState) -> None:
    """With its reference, and what it is about; a question shows nothing."""
    with watching() as shown:
        await question(book_appointment, call, **FOR_ANNA)
        assert shown == []
        await book_appointment.run(call, {**FOR_ANNA, "purpose": "a cleaning"})
        (booked,) = shown
        await move_appointment.run(call, {"day": TUESDAY, "time": time(16)})
        (moved,) = shown
        await cancel_appointment.run(call, {})
        (cancelled,) = shown
    cards = [card for card in (booked, moved, cancelled) if isinstance(card, AppointmentCard)]
    assert [card.action for card in cards] == ["booked", "moved", "cancelled"]
    assert {card.reference for card in cards} == {"1000"}
    assert [card.starts_at.hour for card in cards] == [15, 16, 16]
    assert booked.subject == "a cleaning"  # type: ignore[union-attr]
    assert all(card.starts_at.tzinfo for card in cards)
