"""Days, times and numbers for the ear."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.spoken import spoken_day, spoken_digits, spoken_list, spoken_time


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("00:00", "midnight"),
        ("12:00", "noon"),
        ("09:00", "nine in the morning"),
        ("10:05", "ten oh five in the morning"),
        ("12:20", "twelve twenty in the afternoon"),
        ("15:30", "half past three in the afternoon"),
        ("18:45", "six forty-five in the evening"),
        ("00:30", "half past twelve at night"),
        ("23:59", "eleven fifty-nine at night"),
    ],
)
def test_times_are_said_as_people_say_them(at: str, said: str) -> None:
    """With the part of the day, so that nobody comes at three in the night."""
    assert spoken_time(time.fromisoformat(at)) == said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-03-03", "Tuesday the third of March"),
        ("2026-03-12", "Thursday the twelfth of March"),
        ("2026-06-20", "Saturday the twentieth of June"),
        ("2026-12-31", "Thursday the thirty-first of December"),
    ],
)
def test_days_are_said_with_their_weekday(day: str, said: str) -> None:
    """A misheard date is noticed by its weekday."""
    assert spoken_day(date.fromisoformat(day)) == said


@given(st.times(), st.dates())
def test_no_digit_is_left_for_the_voice_to_guess_at(at: time, day: date) -> None:
    """Every time and every day is words; two times of a day are never the same words."""
    assert not any(sign.isdigit() for sign in spoken_time(at) + spoken_day(day))


def test_every_minute_has_words_of_its_own() -> None:
    """What was agreed on by voice is one time only."""
    minutes = [time(minute // 60, minute % 60) for minute in range(1440)]
    assert len({spoken_time(minute) for minute in minutes}) == 1440
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert len({spoken_day(day) for day in days}) == 365


def test_digits_are_said_one_by_one() -> None:
    """A telephone number as it is dictated."""
    assert spoken_digits("+49 30-12") == "plus four nine three zero one two"


def test_lists_are_said_with_one_and() -> None:
    """The way a person counts things up."""
    assert [spoken_list(["a", "b", "c"][:n]) for n in range(4)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
