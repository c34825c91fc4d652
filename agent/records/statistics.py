"""How calls went, in numbers."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from agent.call.record import Charged, ToolEnded, TurnSpoken
from agent.records.query import in_period
from agent.records.schema import Schema
from agent.records.tables import call_events, calls
from agent.services.storage.engine import Database

ROWS_AT_ONCE = 1_000
"""Rows between two looks at whatever else there is to do."""
_FAILURES = frozenset({"failed", "timed out", "unknown"})
"""Outcomes of tools. A refusal is none: the policy, or the caller, did not want it."""


@dataclass(frozen=True, slots=True)
class Times:
    """Percentiles of some times, by nearest rank; None where there were no times."""

    count: int
    p50_s: float | None
    p95_s: float | None

    @classmethod
    def of(cls, times_s: Sequence[float]) -> Times:
        """Of these, in any order."""
        ordered = sorted(times_s)
        return cls(len(ordered), _percentile(ordered, 50), _percentile(ordered, 95))


@dataclass(frozen=True, slots=True)
class CallStatistics:
    """Some calls in numbers."""

    calls: int
    states: Mapping[str, int]
    """How many are open, closed and lost."""
    reasons: Mapping[str, int]
    """Why those that are closed ended."""
    duration: Times
    """Of those that are over."""
    response: Times
    """From each last word of a caller to the first sound of the answer."""
    usd: Decimal
    usd_per_call: Decimal | None
    """Of the calls that have a bill; None where none has."""
    unpriced: tuple[str, ...]
    """Models that were used and have no price: the costs are without them."""
    interruptions: int
    """Replies of which the caller heard the beginning only."""
    tool_calls: int
    tool_failures: int

    def as_json(self) -> dict[str, Any]:
        """In JSON values; dollars as texts, which lose nothing."""
        times = {name: _as_json(getattr(self, name)) for name in ("duration", "response")}
        per_call = None if self.usd_per_call is None else str(self.usd_per_call)
        dollars = {"usd": str(self.usd), "usd_per_call": per_call}
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        counts = {"states": dict(self.states), "reasons": dict(self.reasons)}
        return {**values, **counts, **times, **dollars, "unpriced": list(self.unpriced)}


@dataclass(slots=True)
class Tally:
    """Counts calls and what happened in them, in any order."""

    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    durations_s: list[float] = field(default_factory=list)
    responses_s: list[float] = field(default_factory=list)
    bills_usd: list[Decimal] = field(default_factory=list)
    unpriced: set[str] = field(default_factory=set)
    interruptions: int = 0
    tool_calls: int = 0
    tool_failures: int = 0

    def add_call(self, state: str, reason: str | None, lasted: timedelta | None) -> None:
        """A call; how long it lasted is None as long as it goes on."""
        self.states[state] += 1
        if state == "closed":
            self.reasons[reason or "unknown"] += 1
        if lasted is not None:
            self.durations_s.append(lasted.total_seconds())

    def add_event(self, kind: str, content: Mapping[str, Any]) -> None:
        """An event with what is not personal of it. Of bills, the last of each call."""
        match kind:
            case TurnSpoken.kind:
                response_s = content.get("latency_s", {}).get("whole")
                self.responses_s += [] if response_s is None else [float(response_s)]
                # A reply that nobody heard anything of was dropped, not interrupted.
                self.interruptions += bool(content.get("interrupted") and content.get("item_id"))
            case ToolEnded.kind:
                self.tool_calls += 1
                self.tool_failures += content.get("outcome") in _FAILURES
            case Charged.kind:
                self.bills_usd.append(Decimal(content["total_usd"]))
                self.unpriced.update(content.get("unpriced", ()))

    def result(self) -> CallStatistics:
        """All of it."""
        usd = sum(self.bills_usd, Decimal(0))
        return CallStatistics(
            calls=self.states.total(),
            states=dict(self.states.most_common()),
            reasons=dict(self.reasons.most_common()),
            duration=Times.of(self.durations_s),
            response=Times.of(self.responses_s),
            usd=usd,
            usd_per_call=usd / len(self.bills_usd) if self.bills_usd else None,
            unpriced=tuple(sorted(self.unpriced)),
            interruptions=self.interruptions,
            tool_calls=self.tool_calls,
            tool_failures=self.tool_failures,
        )


async def statistics(
    database: Database, *, since: datetime | None = None, before: datetime | None = None
) -> CallStatistics:
    """The calls that began in a period, in numbers. They are read in pieces: the loop stays free.

    Args:
        database: Where their records are.
        since: The period's beginning; None for the first call there was.
        before: Its end, which is not in it; None for now.
    """
    await Schema(database).prepare()
    period = in_period(since, before)
    tally = Tally()
    async with database.reading() as connection:
        columns = (calls.c.state, calls.c.close_reason, calls.c.started_at, calls.c.ended_at)
        async with connection.stream(select(*columns).where(*period)) as found:
            async for rows in found.partitions(ROWS_AT_ONCE):
                for state, reason, began, ended in rows:
                    tally.add_call(state, reason, ended - began if ended else None)
        for query in countable(period):
            async with connection.stream(query) as found:
                async for rows in found.partitions(ROWS_AT_ONCE):
                    await asyncio.to_thread(_add_events, tally, rows)
    return tally.result()


def countable(period: Sequence[ColumnElement[bool]]) -> list[Select[Any]]:
    """What was said and done in the calls of a period, and the last word on their bills: the call,
    the kind and the content of each event that a Tally counts.
    """
    columns = (call_events.c.call_id, call_events.c.kind, call_events.c.content)
    of_period = call_events.c.call_id.in_(select(calls.c.id).where(*period))
    last = (
        select(call_events.c.call_id, func.max(call_events.c.seq).label("seq"))
        .where(of_period, call_events.c.kind == Charged.kind)
        .group_by(call_events.c.call_id)
        .subquery()
    )
    is_last = and_(call_events.c.call_id == last.c.call_id, call_events.c.seq == last.c.seq)
    happened = call_events.c.kind.in_((TurnSpoken.kind, ToolEnded.kind))
    return [
        select(*columns).where(of_period, happened),
        select(*columns).join(last, is_last),
    ]


def _add_events(tally: Tally, rows: Sequence[Any]) -> None:
    for _, kind, content in rows:
        tally.add_event(kind, json.loads(content))


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    if not ordered:
        return None
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 3)


def _as_json(times: Times) -> dict[str, Any]:
    return {"count": times.count, "p50_s": times.p50_s, "p95_s": times.p95_s}
