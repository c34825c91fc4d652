"""The time in a place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ToolError
from tools.world_clock import describe_day, describe_time

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("Paris", "In Paris it is 1 PM on Monday 5 January."),
        ("parris", "In Paris it is 1 PM on Monday 5 January."),
        ("Tokyo, Japan", "In Tokyo it is 9 PM on Monday 5 January."),
        ("new york", "In New York it is 7 AM on Monday 5 January."),
        ("San Francisco", "In San Francisco it is 4 AM on Monday 5 January."),
        ("the UK", "In Uk it is 12 PM on Monday 5 January."),
        ("Auckland", "In Auckland it is 1 AM on Tuesday 6 January."),
    ],
)
def test_says_the_local_time_of_a_place(place: str, said: str) -> None:
    """Cities, countries, other spellings and other days."""
    assert describe_time(place, NOON) == said


def test_minutes_are_told_where_there_are_any() -> None:
    """Two digits of them."""
    assert "is 1:05 PM" in describe_time("Paris", NOON.replace(minute=5))


def test_summer_time_counts() -> None:
    """Paris is two hours ahead in July."""
    july = datetime(2026, 7, 6, 12, 0, tzinfo=UTC)
    assert "2 PM" in describe_time("Paris", july)


@pytest.mark.parametrize("place", ["United States", "America", "Brazil"])
def test_a_country_with_several_times_asks_for_a_city(place: str) -> None:
    """Guessing would be wrong for most of its people."""
    with pytest.raises(ToolError, match="several time zones"):
        describe_time(place, NOON)


def test_the_day_comes_with_the_dates_of_the_week_ahead() -> None:
    """A model that reckons dates itself is often wrong, over the end of a month above all."""
    said = describe_day(datetime(2026, 12, 30, 23, 30, tzinfo=UTC))
    assert said.startswith("Today is Wednesday 30 December 2026, 2026-12-30.")
    assert "Thursday is 2026-12-31, Friday is 2027-01-01" in said
    assert said.endswith("Wednesday is 2027-01-06.")


@given(st.text(max_size=300))
def test_any_place_is_answered_or_asked_about(place: str) -> None:
    """Nothing a caller says makes the tool fail in another way."""
    try:
        assert describe_time(place, NOON).endswith(".")
    except ToolError as error:
        assert "Ask for" in str(error)
