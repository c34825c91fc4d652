"""When the business is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from agent.call.appointments import Opening, OpeningHours
from agent.call.spoken import (
    NOON_MIN,
    spoken_clock,
    spoken_day,
    spoken_list,
    spoken_minute,
    spoken_weekday,
)
from agent.call.state import CallState
from agent.call.tool import tool

_FAR_AHEAD_DAYS = 31
"""A business that does not open within these says so in other ways."""
_MORNING_MIN, _NIGHT_MIN = 5 * 60, 22 * 60


@tool()
async def opening_hours(call: CallState, day: date | None = None) -> str:
    """When we are open: the opening hours, whether we are open now, or open on a day.

    Args:
        day: The date asked about, such as "2026-03-07". Leave it out for the hours of the week
            and whether we are open now.
    """
    hours = call.services.hours
    if day is None:
        return f"{_said_of_now(hours)} {_said_of_week(hours)}"
    openings = hours.on(day)
    if openings:
        return f"We are open {_stretches(openings)} on {spoken_day(day)}."
    return f"We are closed on {spoken_day(day)}. {_said_of_next(hours, day)}".strip()


def _said_of_now(hours: OpeningHours) -> str:
    now = hours.now()
    minute = 60 * now.hour + now.minute
    for opening in hours.on(now.date()):
        if opening.opens_min <= minute < opening.closes_min:
            return f"We are open now, until {spoken_minute(opening.closes_min)}."
        if minute < opening.opens_min:
            return f"We are closed now. We open today at {spoken_minute(opening.opens_min)}."
    return f"We are closed now. {_said_of_next(hours, now.date())}".strip()


def _said_of_next(hours: OpeningHours, after: date) -> str:
    if after > date.max - timedelta(days=_FAR_AHEAD_DAYS):
        return ""
    for ahead in range(1, _FAR_AHEAD_DAYS + 1):
        day = after + timedelta(days=ahead)
        if openings := hours.on(day):
            return f"We open on {spoken_day(day)} at {spoken_minute(openings[0].opens_min)}."
    return ""


def _said_of_week(hours: OpeningHours) -> str:
    runs = groupby(enumerate(hours.week()), key=lambda day: tuple(day[1]))
    parts = [
        f"{_stretches(openings)} {_days([weekday for weekday, _ in days])}"
        for openings, days in runs
        if openings
    ]
    return f"We are usually open {spoken_list(parts)}." if parts else ""


def _days(weekdays: Sequence[int]) -> str:
    first, last = spoken_weekday(weekdays[0]), spoken_weekday(weekdays[-1])
    if len(weekdays) == 7:
        return "every day"
    if len(weekdays) > 2:
        return f"from {first} to {last}"
    return f"on {spoken_list([spoken_weekday(weekday) for weekday in weekdays])}"


def _stretches(openings: Sequence[Opening]) -> str:
    return spoken_list([_stretch(opening) for opening in openings])


def _stretch(opening: Opening) -> str:
    opens, closes = opening.opens_min, opening.closes_min
    if (opens, closes) == (0, 2 * NOON_MIN):
        return "all day"
    # "From nine to five" has one meaning; of other times the part of the day is said too.
    if _MORNING_MIN <= opens < NOON_MIN < closes <= _NIGHT_MIN:
        return f"from {spoken_clock(opens)} to {spoken_clock(closes)}"
    return f"from {spoken_minute(opens)} to {spoken_minute(closes)}"
