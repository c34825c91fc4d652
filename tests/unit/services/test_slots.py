"""Slots on any day in any zone, the days of clock changes above all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from agent.call.appointments import Opening, Slot
from agent.services.slots import slots_on

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # changes at midnight
    "Asia/Beirut",  # at midnight too
    "Australia/Lord_Howe",  # by half an hour
    "Antarctica/Troll",  # by two hours
    "Africa/Casablanca",  # twice around each Ramadan
    "Pacific/Apia",  # left out 30 December 2011
    "Asia/Kathmandu",
)
FIRST, LAST = date(2005, 1, 1), date(2036, 12, 31)


@cache
def days_of_change(name: str) -> tuple[date, ...]:
    zone = ZoneInfo(name)
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)]
    offsets = [datetime.combine(day, time(), UTC).astimezone(zone).utcoffset() for day in days]
    changed = [day for day, (a, b) in zip(days, pairwise(offsets), strict=False) if a != b]
    return tuple(day + timedelta(days=n) for day in changed for n in (-1, 0, 1)) or (FIRST,)


@st.composite
def openings(draw: st.DrawFn) -> list[Opening]:
    edges = draw(
        st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).filter(
            lambda found: len(found) % 2 == 0
        )
    )
    edges.sort()
    return [Opening(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]


@st.composite
def days(draw: st.DrawFn) -> tuple[ZoneInfo, date]:
    name = draw(st.sampled_from(ZONES))
    day = draw(st.one_of(st.dates(FIRST, LAST), st.sampled_from(days_of_change(name))))
    return ZoneInfo(name), day


def wall_minutes(slot: Slot, zone: ZoneInfo) -> list[datetime]:
    start = slot.starts_at.astimezone(UTC)
    length = slot.ends_at.astimezone(UTC) - start
    return [
        (start + timedelta(minutes=n)).astimezone(zone).replace(tzinfo=None)
        for n in range(round(length.total_seconds() / 60))
    ]


@given(days(), openings(), st.integers(5, 480))
def test_slots_keep_their_promises_on_any_day(
    day_in_zone: tuple[ZoneInfo, date], hours: list[Opening], length_min: int
) -> None:
    """In order without overlap, of exact length, inside opening hours on the wall clock all the
    time, and at a time that the clock shows and shows first.
    """
    zone, day = day_in_zone
    slots = list(slots_on(day, hours, length_min=length_min, zone=zone))
    midnight = datetime.combine(day, time())
    for slot in slots:
        start, end = slot.starts_at.astimezone(UTC), slot.ends_at.astimezone(UTC)
        assert end - start == timedelta(minutes=length_min)
        assert slot.starts_at.fold == 0
        minutes = [(wall - midnight) / timedelta(minutes=1) for wall in wall_minutes(slot, zone)]
        assert any(
            all(opening.opens_min <= minute < opening.closes_min for minute in minutes)
            for opening in hours
        )
    for earlier, later in pairwise(slots):
        assert earlier.ends_at.astimezone(UTC) <= later.starts_at.astimezone(UTC)
    walls = [slot.starts_at.replace(tzinfo=None) for slot in slots]
    assert len(set(walls)) == len(walls)


@given(st.dates(FIRST, LAST), openings(), st.integers(5, 480))
def test_where_the_clock_never_changes_the_grid_is_whole(
    day: date, hours: list[Opening], length_min: int
) -> None:
    """Nothing is left out: each opening holds as many slots as fit."""
    slots = list(slots_on(day, hours, length_min=length_min, zone=ZoneInfo("UTC")))
    fitting = sum((one.closes_min - one.opens_min) // length_min for one in hours)
    assert len(slots) == fitting


def starts(day: date, length_min: int = 60) -> list[str]:
    hours = [Opening(0, 360)]
    zone = ZoneInfo("Europe/Berlin")
    found = slots_on(day, hours, length_min=length_min, zone=zone)
    return [f"{slot.starts_at:%H:%M}" for slot in found]


def test_a_skipped_hour_is_not_offered() -> None:
    """At two o'clock in Berlin's spring it is three."""
    assert starts(date(2026, 3, 29)) == ["00:00", "01:00", "03:00", "04:00", "05:00"]


def test_no_slot_begins_before_the_one_across_a_skipped_hour_ends() -> None:
    """From 01:30 on, 45 minutes reach to 03:15, so three o'clock is not free beside them."""
    assert starts(date(2026, 3, 29), 45) == ["00:00", "00:45", "01:30", "03:45", "04:30", "05:15"]


def test_an_hour_that_comes_twice_is_offered_once() -> None:
    """Two o'clock in Berlin's autumn is the first one."""
    zone = ZoneInfo("Europe/Berlin")
    slots = list(slots_on(date(2026, 10, 25), [Opening(0, 360)], length_min=60, zone=zone))
    assert [f"{slot.starts_at:%H:%M}" for slot in slots] == starts(date(2026, 1, 5))
    assert slots[2].starts_at.utcoffset() == timedelta(hours=2)
