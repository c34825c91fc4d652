"""How calls went, day by day."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from agent.records.query import in_period
from agent.records.schema import Schema
from agent.records.statistics import ROWS_AT_ONCE, CallStatistics, Tally, countable
from agent.records.tables import calls
from agent.services.storage.engine import Database

MOST_COUNTED = 5_000
"""Calls that are counted for one question, the latest of those asked for."""


@dataclass(frozen=True, slots=True)
class Days:
    """Calls in numbers, all together and by the day on which they began."""

    total: CallStatistics
    by_day: Mapping[date, CallStatistics]
    is_whole: bool
    """Whether there were no more calls than MOST_COUNTED."""

    def as_json(self) -> dict[str, Any]:
        """In JSON values, the days in their order."""
        days = sorted(self.by_day.items())
        each = [{"day": day.isoformat(), **counted.as_json()} for day, counted in days]
        return {"total": self.total.as_json(), "days": each, "is_whole": self.is_whole}


async def count_days(
    database: Database, since: datetime | None, before: datetime | None, zone: ZoneInfo
) -> Days:
    """The calls that began in a period, by days on the clock of a time zone. They are read in
    pieces: the loop stays free.
    """
    await Schema(database).prepare()
    total = Tally()
    by_day: defaultdict[date, Tally] = defaultdict(Tally)
    of_call: dict[str, Tally] = {}
    count, first = 0, since
    async with database.reading() as connection:
        wanted = _calls(since, before).limit(MOST_COUNTED + 1)
        async with connection.stream(wanted) as found:
            async for rows in found.partitions(ROWS_AT_ONCE):
                for row in rows[: MOST_COUNTED - count]:
                    first = row.started_at
                    day = of_call[row.id] = by_day[first.astimezone(zone).date()]
                    lasted = row.ended_at - first if row.ended_at else None
                    for tally in (total, day):
                        tally.add_call(row.state, row.close_reason, lasted)
                count += len(rows)
        for query in countable(in_period(first, before)):
            async with connection.stream(query) as found:
                async for some in found.partitions(ROWS_AT_ONCE):
                    await asyncio.to_thread(_add, total, of_call, some)
    counted = {day: tally.result() for day, tally in by_day.items()}
    return Days(total.result(), counted, count <= MOST_COUNTED)


def _calls(since: datetime | None, before: datetime | None) -> Select[Any]:
    columns = (
        *(calls.c.id, calls.c.state, calls.c.close_reason),
        *(calls.c.started_at, calls.c.ended_at),
    )
    return select(*columns).where(*in_period(since, before)).order_by(calls.c.started_at.desc())


def _add(total: Tally, of_call: Mapping[str, Tally], rows: Sequence[Any]) -> None:
    for call_id, kind, content in rows:
        if call_id in of_call:  # else it began since the calls were looked at
            values = json.loads(content)
            for tally in (total, of_call[call_id]):
                tally.add_event(kind, values)
