"""Opening hours as an operator writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.call.appointments import Opening
from agent.errors import SettingsError
from agent.services.opening_hours import build_hours, parse_week
from agent.settings import BusinessSettings

NINE_TO_FIVE = (Opening(540, 1020),)


def settings(**values: Any) -> BusinessSettings:
    return BusinessSettings(**values)


def test_days_and_ranges_of_days_have_hours_and_the_others_are_closed() -> None:
    """The example of the documentation means what it says."""
    week = parse_week("mon-fri 09:00-17:00; sat 10:00-13:00")
    assert week[:5] == (NINE_TO_FIVE,) * 5
    assert week[5:] == ((Opening(600, 780),), ())


def test_a_day_may_open_twice_and_until_midnight() -> None:
    """A lunch break, and the end of the day written as 24:00."""
    week = parse_week("Tue,Thu 13:00-24:00 09:00-12:00")
    assert week[1] == week[3] == (Opening(540, 720), Opening(780, 1440))


def test_a_range_may_go_over_the_end_of_the_week() -> None:
    """Saturday to Monday are three days."""
    week = parse_week("sat-mon 09:00-17:00")
    assert [bool(day) for day in week] == [True, False, False, False, False, True, True]


@pytest.mark.parametrize(
    "text",
    [
        "09:00-17:00",
        "mon",
        "someday 09:00-17:00",
        "mon 9-17",
        "mon 17:00-09:00",
        "mon 09:00-25:00",
        "mon 09:60-10:00",
        "mon 09:00-12:00 11:00-13:00",
        "mon-wed 09:00-12:00; tue 09:00-12:00",
    ],
)
def test_what_has_no_meaning_is_a_fault_by_name(text: str) -> None:
    """A business that seems closed by a misprint is found at start."""
    with pytest.raises(SettingsError, match="PARLEY_OPENING_HOURS"):
        build_hours(settings(opening_hours=text))


@given(st.text(alphabet="montuewd-,; :0123456789", max_size=60))
def test_any_text_gives_hours_or_a_fault(text: str) -> None:
    """No text ends in another way, and hours that are given lie in the day and do not overlap."""
    try:
        week = parse_week(text)
    except ValueError:
        return
    for day in week:
        edges = [edge for one in day for edge in (one.opens_min, one.closes_min)]
        assert edges == sorted(edges)
        assert all(0 <= edge <= 1440 for edge in edges)


def test_faults_of_hours_and_closed_days_are_told_together() -> None:
    """One start shows both."""
    with pytest.raises(SettingsError) as caught:
        build_hours(settings(opening_hours="?", closed_days="christmas"))
    assert len(caught.value.faults) == 2
    assert "christmas" not in str(caught.value)


def test_a_closed_day_is_closed_whatever_the_weekday() -> None:
    """Christmas 2026 is a Friday."""
    hours = build_hours(settings(closed_days="2026-12-25, 2026-12-26"))
    assert hours.on(date(2026, 12, 25)) == ()
    assert hours.on(date(2026, 12, 18)) == NINE_TO_FIVE
    assert hours.week()[4] == NINE_TO_FIVE


def test_it_tells_the_time_of_its_zone() -> None:
    """Noon in UTC is one o'clock in Berlin's winter."""
    noon = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    hours = build_hours(settings(time_zone="Europe/Berlin"), clock=lambda: noon)
    assert f"{hours.now():%H:%M %Z}" == "13:00 CET"


@pytest.mark.parametrize("name", ["Mars/Olympus", "Europe", "../zone", "\0"])
def test_a_time_zone_that_is_none_is_a_fault(name: str) -> None:
    """Told without its value."""
    with pytest.raises(ValidationError, match="IANA") as caught:
        settings(time_zone=name)
    assert name not in str(caught.value).replace("Europe/Berlin", "")
