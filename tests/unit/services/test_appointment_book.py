"""What an appointment book promises, the one in SQL and the one that tests of tools use."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from agent.call.appointments import (
    AppointmentBook,
    AppointmentNotFound,
    SlotNotOffered,
    SlotTaken,
)
from agent.services.storage.appointments import SqlAppointmentBook
from agent.services.storage.engine import Database
from agent.services.storage.tables import appointments
from tests.fakes.business import BERLIN, MONDAY_NOON, FakeAppointmentBook, FakeHours

TUESDAY, SATURDAY = date(2026, 3, 3), date(2026, 3, 7)
ANNA, BEN = frozenset({"phone:+4930123456", "call:1"}), frozenset({"call:2"})
THREE, FOUR = time(15), time(16)


@pytest.fixture
def hours() -> FakeHours:
    """It is Monday noon in Berlin."""
    return FakeHours()


@pytest.fixture(params=["sql", "fake"])
def book(request: pytest.FixtureRequest, hours: FakeHours, database: Database) -> AppointmentBook:
    """Both kinds of book."""
    if request.param == "fake":
        return FakeAppointmentBook(hours)
    return SqlAppointmentBook(database, hours, length_min=30)


async def take(
    book: AppointmentBook,
    day: date = TUESDAY,
    at: time = THREE,
    *,
    owner: frozenset[str] = ANNA,
    request_key: str | None = None,
) -> str:
    booked = await book.book(
        day, at, name="Anna", purpose="glasses", owner=owner, request_key=request_key
    )
    return booked.reference


async def free_times(book: AppointmentBook, day: date = TUESDAY) -> list[str]:
    return [f"{slot.starts_at:%H:%M}" for slot in await book.free_slots(day)]


async def test_a_day_offers_what_is_open_and_to_come(book: AppointmentBook) -> None:
    """Today from now on, tomorrow the whole day, and nothing when closed, past or far away."""
    assert (await free_times(book, date(2026, 3, 2)))[0] == "12:30"
    assert len(await free_times(book)) == 16
    assert await free_times(book, SATURDAY) == []
    assert await free_times(book, date(2026, 2, 27)) == []


async def test_a_booking_is_kept_and_its_time_is_gone(book: AppointmentBook) -> None:
    """It is found by its owner, with a reference that is said in a breath."""
    reference = await take(book)
    assert "15:00" not in await free_times(book)
    (found,) = await book.upcoming(ANNA)
    assert found.reference == reference
    assert found.slot.starts_at == datetime(2026, 3, 3, 15, 0, tzinfo=BERLIN)
    assert found.slot.starts_at.tzinfo == BERLIN
    assert (found.name, found.purpose) == ("Anna", "glasses")
    assert reference.isdigit()
    assert 4 <= len(reference) <= 6


async def test_a_time_is_given_once(book: AppointmentBook) -> None:
    """The second caller is told that it is gone."""
    await take(book)
    with pytest.raises(SlotTaken):
        await take(book, owner=BEN)


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (TUESDAY, time(17)),
        (TUESDAY, time(15, 10)),
        (SATURDAY, THREE),
        (date(2026, 3, 2), time(9)),
        (date(2026, 2, 27), THREE),
    ],
)
async def test_only_what_is_offered_can_be_booked(
    book: AppointmentBook, day: date, at: time
) -> None:
    """Not after hours, off the grid, on a closed day, or in the past."""
    with pytest.raises(SlotNotOffered):
        await take(book, day, at)


async def test_the_same_request_books_once(book: AppointmentBook) -> None:
    """A repeated one gets the first one's appointment; another request is another."""
    first = await take(book, request_key="a")
    assert await take(book, request_key="a") == first
    assert len(await book.upcoming(ANNA)) == 1
    with pytest.raises(SlotTaken):
        await take(book, request_key="b")


async def test_a_move_frees_the_old_time_and_keeps_the_reference(book: AppointmentBook) -> None:
    """The appointment goes on elsewhere."""
    reference = await take(book)
    moved = await book.move(reference, TUESDAY, FOUR, owner=ANNA)
    assert moved.reference == reference
    assert "15:00" in await free_times(book)
    assert "16:00" not in await free_times(book)


async def test_a_move_to_a_taken_time_changes_nothing(book: AppointmentBook) -> None:
    """The old time is not lost over it."""
    await take(book, at=FOUR, owner=BEN)
    reference = await take(book)
    with pytest.raises(SlotTaken):
        await book.move(reference, TUESDAY, FOUR, owner=ANNA)
    with pytest.raises(SlotNotOffered):
        await book.move(reference, SATURDAY, FOUR, owner=ANNA)
    (kept,) = await book.upcoming(ANNA)
    assert kept.slot.starts_at.hour == 15


async def test_a_move_may_be_repeated(book: AppointmentBook) -> None:
    """Where it is already, it stays."""
    reference = await take(book)
    first = await book.move(reference, TUESDAY, FOUR, owner=ANNA)
    assert await book.move(reference, TUESDAY, FOUR, owner=ANNA) == first


async def test_a_cancelled_time_is_free_again(book: AppointmentBook) -> None:
    """Cancelling twice is harmless, and a cancelled appointment cannot be moved."""
    reference = await take(book, request_key="a")
    for _ in range(2):
        assert (await book.cancel(reference, owner=ANNA)).reference == reference
    assert "15:00" in await free_times(book)
    assert await book.upcoming(ANNA) == []
    with pytest.raises(AppointmentNotFound):
        await book.move(reference, TUESDAY, FOUR, owner=ANNA)
    assert await take(book, request_key="a") != reference


async def test_another_callers_appointment_is_not_there(book: AppointmentBook) -> None:
    """It is neither seen, moved nor cancelled, even with its reference."""
    reference = await take(book)
    assert await book.upcoming(BEN) == []
    with pytest.raises(AppointmentNotFound):
        await book.move(reference, TUESDAY, FOUR, owner=BEN)
    with pytest.raises(AppointmentNotFound):
        await book.cancel(reference, owner=BEN)
    assert len(await book.upcoming(ANNA)) == 1


async def test_a_caller_is_known_by_any_of_their_keys(book: AppointmentBook) -> None:
    """Who calls again from the same telephone finds what they booked."""
    reference = await take(book)
    again = frozenset({"phone:+4930123456", "call:77"})
    assert (await book.upcoming(again))[0].reference == reference


async def test_what_is_over_cannot_be_changed(book: AppointmentBook, hours: FakeHours) -> None:
    """An appointment that has ended is history."""
    reference = await take(book)
    hours.at = MONDAY_NOON + timedelta(days=7)
    assert await book.upcoming(ANNA) == []
    with pytest.raises(AppointmentNotFound):
        await book.cancel(reference, owner=ANNA)


@pytest.mark.parametrize("day", [date.max, date.min, date(2028, 1, 3)])
async def test_far_away_days_are_refused_and_not_computed(book: AppointmentBook, day: date) -> None:
    """Whatever year a model makes up."""
    assert not await book.free_slots(day)
    with pytest.raises(SlotNotOffered):
        await take(book, day)


async def test_of_two_bookings_at_once_exactly_one_wins(
    database: Database, other_database: Database, hours: FakeHours
) -> None:
    """Two processes, twenty callers, one time."""
    books = [SqlAppointmentBook(each, hours, length_min=30) for each in (database, other_database)]
    tries = [take(books[n % 2], owner=frozenset({f"call:{n}"})) for n in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, SlotTaken) for result in results) == 19


async def test_a_request_repeated_at_once_books_once(
    database: Database, other_database: Database, hours: FakeHours
) -> None:
    """Each of the repetitions gets the same appointment."""
    books = [SqlAppointmentBook(each, hours, length_min=30) for each in (database, other_database)]
    tries = [take(books[n % 2], request_key="a") for n in range(10)]
    assert len(set(await asyncio.gather(*tries))) == 1
    async with database.reading() as connection:
        count = await connection.execute(select(func.count()).select_from(appointments))
    assert count.scalar_one() == 1


async def test_slots_of_another_length_do_not_overlap_what_is_booked(
    database: Database, hours: FakeHours
) -> None:
    """An operator who makes appointments longer keeps those that were made before."""
    await take(SqlAppointmentBook(database, hours, length_min=30), at=time(15, 30))
    longer = SqlAppointmentBook(database, hours, length_min=60)
    assert "15:00" not in await free_times(longer)
    with pytest.raises(SlotTaken):
        await take(longer, at=THREE)
    assert "16:00" in await free_times(longer)
