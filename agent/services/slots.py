"""The slots of a day: wall-clock opening hours cut into stretches of elapsed time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.call.appointments import Opening, Slot


def slots_on(
    day: date, openings: Iterable[Opening], *, length_min: int, zone: ZoneInfo
) -> Iterator[Slot]:
    """What can be booked on a day, in order, whatever is booked already.

    Slots start on a grid of the wall clock that begins at each opening. On the days of a clock
    change one that starts at a time which the clock skips is left out; of a time that comes twice
    the first is meant. Each lasts `length_min` of elapsed time, all of it in opening hours.
    """
    free_from = datetime.min.replace(tzinfo=UTC)
    for opening in openings:
        last = opening.closes_min - length_min
        for start_min in range(opening.opens_min, last + 1, length_min):
            start = _instant(day, start_min, zone)
            if start is None or start < free_from:
                continue
            if not _stays_open(start, day, opening, length_min=length_min, zone=zone):
                continue
            free_from = start + timedelta(minutes=length_min)
            yield Slot(start.astimezone(zone), free_from.astimezone(zone))


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime | None:
    """When the clock first shows a minute of the day, in UTC; None if it skips it."""
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    instant = wall.astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == _naive(wall) else None


def _stays_open(
    start: datetime, day: date, opening: Opening, *, length_min: int, zone: ZoneInfo
) -> bool:
    """Whether the clock shows an open minute all the time. It can only fail where it is set."""
    end = start + timedelta(minutes=length_min)
    if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return True
    midnight = datetime.combine(day, time())
    opens = midnight + timedelta(minutes=opening.opens_min)
    closes = midnight + timedelta(minutes=opening.closes_min)
    minutes = (start + timedelta(minutes=passed) for passed in range(length_min))
    return all(opens <= _naive(minute.astimezone(zone)) < closes for minute in minutes)


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
