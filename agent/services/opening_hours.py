"""Opening hours as the operator writes them, such as `mon-fri 09:00-17:00; sat 10:00-13:00`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from agent.call.appointments import Opening
from agent.errors import SettingsError
from agent.services.clock import Clock, system_clock
from agent.settings import BusinessSettings

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_DAY = 1440

Week = tuple[tuple[Opening, ...], ...]
"""Seven days from Monday on."""

_STRETCH = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The same hours every week, but for the days on which it is closed. An OpeningHours."""

    ordinary: Week
    zone: ZoneInfo
    closed_days: frozenset[date] = frozenset()
    clock: Clock = system_clock

    def now(self) -> datetime:
        """See OpeningHours."""
        return self.clock().astimezone(self.zone)

    def on(self, day: date) -> Sequence[Opening]:
        """See OpeningHours."""
        return () if day in self.closed_days else self.ordinary[day.weekday()]

    def week(self) -> Week:
        """See OpeningHours."""
        return self.ordinary


def build_hours(settings: BusinessSettings, *, clock: Clock = system_clock) -> WeeklyHours:
    """The opening hours of the settings.

    Raises:
        SettingsError: with every fault in them.
    """
    faults: list[str] = []
    week, closed = None, frozenset[date]()
    try:
        week = parse_week(settings.opening_hours)
    except ValueError as error:
        faults.append(f"PARLEY_OPENING_HOURS: {error}")
    try:
        closed = frozenset(map(date.fromisoformat, settings.closed_days))
    except ValueError:
        faults.append("PARLEY_CLOSED_DAYS: must be dates such as 2026-12-25")
    if week is None or faults:
        raise SettingsError(faults)
    return WeeklyHours(week, ZoneInfo(settings.time_zone), closed, clock)


def parse_week(text: str) -> Week:
    """The hours of each day; a day that is not named is closed.

    Raises:
        ValueError: saying in words what is wrong, without the text.
    """
    week: list[list[Opening]] = [[] for _ in DAYS]
    for rule in filter(None, (part.strip().lower() for part in text.split(";"))):
        days, *stretches = rule.split()
        if not stretches:
            raise ValueError("days must be followed by times, such as mon-fri 09:00-17:00")
        openings = [_opening(stretch) for stretch in stretches]
        for day in _days(days):
            week[day] += openings
    for openings in week:
        openings.sort(key=lambda opening: opening.opens_min)
        if any(later.opens_min < earlier.closes_min for earlier, later in pairwise(openings)):
            raise ValueError("times of one day must not overlap")
    return tuple(tuple(openings) for openings in week)


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"days must be named {', '.join(DAYS)}")
        start, end = DAYS.index(first), DAYS.index(last or first)
        # sat-mon goes over the end of the week.
        yield from (day % len(DAYS) for day in range(start, end + (start > end) * len(DAYS) + 1))


def _opening(text: str) -> Opening:
    match = _STRETCH.fullmatch(text)
    if match is None:
        raise ValueError("times must be written as 09:00-17:00")
    hour, minute, end_hour, end_minute = map(int, match.groups())
    opening = Opening(60 * hour + minute, 60 * end_hour + end_minute)
    if not (
        opening.opens_min < opening.closes_min <= MINUTES_OF_DAY and max(minute, end_minute) < 60
    ):
        raise ValueError("times must lie between 00:00 and 24:00, the first before the second")
    return opening
