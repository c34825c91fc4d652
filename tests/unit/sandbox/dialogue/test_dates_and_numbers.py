"""Spoken numbers, dates and times."""

from __future__ import annotations

import pytest

from agent.sandbox.dialogue.dates import find_date, find_datetime, find_time, find_weekday
from agent.sandbox.dialogue.numbers import in_words, with_digits
from tests.unit.sandbox.dialogue.offers import NOW


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("forty two thousand", "42000"),
        ("one hundred and five", "105"),
        ("two thousand three hundred and twenty one", "2321"),
        ("5 thousand", "5000"),
        ("two and three", "2 and 3"),
        ("four oh two one seven", "4 0 2 1 7"),
        ("four oh to one seven", "4 0 2 1 7"),
        ("double four seven", "4 4 7"),
        ("nine thirty", "9 30"),
        ("nine o'clock", "9 o'clock"),
        ("three point one four", "3.14"),
        ("the twenty-first of march", "the 21st of march"),
        ("wait a second", "wait a second"),
        ("this one", "this one"),
        ("from one to ten", "from 1 to 10"),
    ],
)
def test_number_words_become_digits(said: str, written: str) -> None:
    """Numbers are added up as they are spoken; rows of digits stay apart."""
    assert with_digits(said) == written


@pytest.mark.parametrize("number", range(101))
def test_numbers_survive_being_spoken(number: int) -> None:
    """A number said in words is heard as the same number."""
    assert with_digits(in_words(number)) == str(number)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("tomorrow", "2026-11-22"),
        ("the day after tomorrow", "2026-11-23"),
        ("next tuesday", "2026-11-24"),
        ("on saturday", "2026-11-21"),
        ("friday next week", "2026-11-27"),
        ("last tuesday", "2026-11-17"),
        ("on the third of march", "2027-03-03"),
        ("March the second, 2028", "2028-03-02"),
        ("december twenty fifth twenty twenty seven", "2027-12-25"),
        ("in two weeks", "2026-12-05"),
        ("on the fifth", "2026-12-05"),
        ("2026-12-01", "2026-12-01"),
        ("12/25/2026", "2026-12-25"),
        ("the 31st of february", None),
        ("nothing of the kind", None),
    ],
)
def test_dates_are_read(said: str, day: str | None) -> None:
    """A spoken date is the ISO date of the next such day."""
    found = find_date(with_digits(said), NOW)
    assert (found and found[1]) == day


@pytest.mark.parametrize(
    ("said", "clock"),
    [
        ("three pm", "15:00"),
        ("at seven p.m.", "19:00"),
        ("half past nine", "09:30"),
        ("at quarter to five", "16:45"),
        ("at ten past six", "18:10"),
        ("at 15:30", "15:30"),
        ("nine thirty", "09:30"),
        ("at nine o'clock in the evening", "21:00"),
        ("at three", "15:00"),
        ("at nine", "09:00"),
        ("noon", "12:00"),
        ("midnight", "00:00"),
        ("in half an hour", "09:30"),
        ("25:00", None),
        ("at 40217", None),
    ],
)
def test_times_are_read(said: str, clock: str | None) -> None:
    """A spoken time is HH:MM; an hour before seven without am or pm is in the afternoon."""
    found = find_time(with_digits(said), NOW)
    assert (found and found[1]) == clock


def test_a_time_that_is_past_is_tomorrow() -> None:
    """A moment named by its time alone is still to come."""
    found = find_datetime("at 8 am", NOW)
    assert found
    assert found[1].isoformat() == "2026-11-22T08:00:00+00:00"


def test_a_weekday_is_named() -> None:
    """Where a tool wants the day of the week, a date gives its name."""
    found = find_weekday("tomorrow", NOW)
    assert found
    assert found[1] == "sunday"
