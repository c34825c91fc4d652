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

from sqlalchemy import ColumnElement, Select, and_, func, select

from agent.call.record import Charged, ToolEnded, TurnSpoken
from agent.records.schema import Schema
from agent.records.statistics import CallStatistics, Tally
from agent.records.tables import call_events, calls
from agent.services.storage.engine import Database

MOST_COUNTED = 5_000
"""Calls that are counted for one question, the latest of those asked for."""
_AT_ONCE = 1_000
"""Rows between two looks at whatever else there is to do."""


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
            async for rows in found.partitions(_AT_ONCE):
                for row in rows[: MOST_COUNTED - count]:
                    first = row.started_at
                    day = of_call[row.id] = by_day[first.astimezone(zone).date()]
                    lasted = row.ended_at - first if row.ended_at else None
                    for tally in (total, day):
                        tally.add_call(row.state, row.close_reason, lasted)
                count += len(rows)
        for query in _events(first, before):
            async with connection.stream(query) as found:
                async for some in found.partitions(_AT_ONCE):
                    await asyncio.to_thread(_add, total, of_call, some)
    counted = {day: tally.result() for day, tally in by_day.items()}
    return Days(total.result(), counted, count <= MOST_COUNTED)


def _calls(since: datetime | None, before: datetime | None) -> Select[Any]:
    columns = (
        *(calls.c.id, calls.c.state, calls.c.close_reason),
        *(calls.c.started_at, calls.c.ended_at),
    )
    return select(*columns).where(*_in(since, before)).order_by(calls.c.started_at.desc())


def _events(since: datetime | None, before: datetime | None) -> list[Select[Any]]:
    """What was said and done in the calls, and the last word on their bills."""
    columns = (call_events.c.call_id, call_events.c.kind, call_events.c.content)
    of_calls = call_events.c.call_id.in_(select(calls.c.id).where(*_in(since, before)))
    last = (
        select(call_events.c.call_id, func.max(call_events.c.seq).label("seq"))
        .where(of_calls, call_events.c.kind == Charged.kind)
        .group_by(call_events.c.call_id)
        .subquery()
    )
    is_last = and_(call_events.c.call_id == last.c.call_id, call_events.c.seq == last.c.seq)
    happened = call_events.c.kind.in_((TurnSpoken.kind, ToolEnded.kind))
    return [
        select(*columns).where(of_calls, happened),
        select(*columns).join(last, is_last),
    ]


def _in(since: datetime | None, before: datetime | None) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if since is not None:
        bounds.append(calls.c.started_at >= since)
    if before is not None:
        bounds.append(calls.c.started_at < before)
    return bounds


def _add(total: Tally, of_call: Mapping[str, Tally], rows: Sequence[Any]) -> None:
    for call_id, kind, content in rows:
        if call_id in of_call:  # else it began since the calls were looked at
            values = json.loads(content)
            for tally in (total, of_call[call_id]):
                tally.add_event(kind, values)
