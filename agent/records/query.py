"""Finding and reading records."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy import Row as SqlRow
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.call.record import Entry
from agent.call.record_form import as_json, said
from agent.errors import CallNotFound
from agent.records.rows import Row, Turned, read_row
from agent.records.tables import call_events, calls

CallStatus = Literal["open", "closed", "lost"]

MOST_SEARCHED = 5_000
"""Calls whose words are looked through for one question; they may be sealed, so the database cannot
do it.
"""


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A call as a whole."""

    id: str
    room: str
    state: CallStatus
    started_at: datetime
    heartbeat_at: datetime
    """When who kept its record was last alive."""
    ended_at: datetime | None
    caller_identity: str | None
    caller_number: str | None
    persona: str | None
    """Who answered."""
    pipeline: str | None
    """In which it began."""
    close_reason: str | None
    schema: int


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call with its entries, in their order."""

    call: CallSummary
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a call in the list of all, the latest first."""

    started_at: datetime
    call_id: str


@dataclass(frozen=True, slots=True)
class CallPage:
    """Some of the calls that were asked for."""

    calls: tuple[CallSummary, ...]
    end: Place | None
    """Behind which there may be more; None where there are none."""


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls are asked for; None for whatever it is."""

    caller: str | None = None
    """An identity, or a telephone number."""
    since: datetime | None = None
    before: datetime | None = None
    """Of their beginnings; the later moment is excluded."""
    state: CallStatus | None = None
    reason: str | None = None
    """Why they ended."""
    text: str | None = None
    """What was said in them, in upper case or lower."""
    behind: Place | None = None
    """Only what comes after this place in the list."""
    limit: int = 50
    most_searched: int = MOST_SEARCHED
    """Calls in which the text is looked for; there may be more."""


async def find_calls(connection: AsyncConnection, query: CallQuery, unseal: Turned) -> CallPage:
    """The calls that were asked for, the latest first."""
    at_once = query.limit if query.text is None else query.most_searched
    rows = (await connection.execute(_selected(query).limit(at_once + 1))).all()
    found: list[CallSummary] = []
    looked_at = 0
    for row in rows[:at_once]:
        looked_at += 1
        if query.text is None or await _is_said(connection, row.id, query.text, unseal):
            found.append(_summary(row))
        if len(found) == query.limit:
            break
    if looked_at == len(rows):
        return CallPage(tuple(found), None)
    last = rows[looked_at - 1]
    return CallPage(tuple(found), Place(last.started_at, last.id))


async def read_call(
    connection: AsyncConnection, call_id: str, unseal: Turned, *, after: int = 0
) -> CallRecord:
    """A call with its entries that come after one, by their `seq`.

    Raises:
        CallNotFound: there is none of this id.
    """
    found = (await connection.execute(select(calls).where(calls.c.id == call_id))).first()
    if found is None:
        raise CallNotFound(f"there is no record of a call {call_id}")
    entries = await _entries(
        connection, unseal, (call_events.c.call_id == call_id) & (call_events.c.seq > after)
    )
    # Where the loss of a call was told too early, its own entries go on after it.
    return CallRecord(_summary(found), tuple(sorted(entries, key=lambda entry: entry.at)))


def record_as_json(record: CallRecord) -> dict[str, Any]:
    """The stable form of a record."""
    return {**summary_as_json(record.call), "entries": [as_json(entry) for entry in record.entries]}


def summary_as_json(call: CallSummary) -> dict[str, Any]:
    """The stable form of a call as a whole."""
    values = {name: getattr(call, name) for name in CallSummary.__slots__}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def in_period(since: datetime | None, before: datetime | None) -> list[ColumnElement[bool]]:
    """The calls that began in a period: from a moment on, and before another; None for no bound."""
    bounds: list[ColumnElement[bool]] = []
    if since is not None:
        bounds.append(calls.c.started_at >= since)
    if before is not None:
        bounds.append(calls.c.started_at < before)
    return bounds


def _selected(query: CallQuery) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = []
    if query.caller is not None:
        is_caller = or_(
            calls.c.caller_identity == query.caller, calls.c.caller_number == query.caller
        )
        wanted.append(is_caller)
    wanted += in_period(query.since, query.before)
    if query.state is not None:
        wanted.append(calls.c.state == query.state)
    if query.reason is not None:
        wanted.append(calls.c.close_reason == query.reason)
    if (place := query.behind) is not None:
        is_older = calls.c.started_at < place.started_at
        is_beside = and_(calls.c.started_at == place.started_at, calls.c.id > place.call_id)
        wanted.append(or_(is_older, is_beside))
    return select(calls).where(*wanted).order_by(calls.c.started_at.desc(), calls.c.id)


async def _is_said(connection: AsyncConnection, call_id: str, text: str, unseal: Turned) -> bool:
    """Whether somebody said this in a call, in upper case or lower."""
    is_personal = (call_events.c.call_id == call_id) & call_events.c.personal.is_not(None)
    words = text.casefold()
    entries = await _entries(connection, unseal, is_personal)
    return any(words in part.casefold() for entry in entries for part in said(entry.event))


async def _entries(
    connection: AsyncConnection, unseal: Turned, wanted: ColumnElement[bool]
) -> Sequence[Entry]:
    query = select(call_events).where(wanted).order_by(call_events.c.seq)
    rows = (await connection.execute(query)).all()
    # In a thread: to open what is sealed and check its form takes 0.1 s for a call of an hour.
    return await asyncio.to_thread(
        lambda: [read_row(Row(r.seq, r.at, r.kind, r.content, r.personal), unseal) for r in rows]
    )


def _summary(row: SqlRow[Any]) -> CallSummary:
    return CallSummary(**{name: getattr(row, name) for name in CallSummary.__slots__})
