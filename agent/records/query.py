"""Finding and reading records."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, or_, select
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
    limit: int = 50


async def find_calls(
    connection: AsyncConnection, query: CallQuery, unseal: Turned
) -> list[CallSummary]:
    """The calls that were asked for, the latest first."""
    wanted = _selected(query)
    if query.text is None:
        found = (await connection.execute(wanted.limit(query.limit))).all()
        return [_summary(row) for row in found]
    summaries: list[CallSummary] = []
    words = query.text.casefold()
    for row in (await connection.execute(wanted.limit(MOST_SEARCHED))).all():
        async for entry in _entries(connection, row.id, unseal, personal=True):
            if any(words in text.casefold() for text in said(entry.event)):
                summaries.append(_summary(row))
                break
        if len(summaries) == query.limit:
            break
    return summaries


async def read_call(connection: AsyncConnection, call_id: str, unseal: Turned) -> CallRecord:
    """A call with its entries.

    Raises:
        CallNotFound: there is none of this id.
    """
    found = (await connection.execute(select(calls).where(calls.c.id == call_id))).first()
    if found is None:
        raise CallNotFound(f"there is no record of a call {call_id}")
    entries = [entry async for entry in _entries(connection, call_id, unseal)]
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


def _selected(query: CallQuery) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = []
    if query.caller is not None:
        is_caller = or_(
            calls.c.caller_identity == query.caller, calls.c.caller_number == query.caller
        )
        wanted.append(is_caller)
    if query.since is not None:
        wanted.append(calls.c.started_at >= query.since)
    if query.before is not None:
        wanted.append(calls.c.started_at < query.before)
    if query.state is not None:
        wanted.append(calls.c.state == query.state)
    if query.reason is not None:
        wanted.append(calls.c.close_reason == query.reason)
    return select(calls).where(*wanted).order_by(calls.c.started_at.desc(), calls.c.id)


async def _entries(
    connection: AsyncConnection, call_id: str, unseal: Turned, *, personal: bool = False
) -> AsyncIterator[Entry]:
    query = select(call_events).where(call_events.c.call_id == call_id)
    if personal:
        query = query.where(call_events.c.personal.is_not(None))
    for row in (await connection.execute(query.order_by(call_events.c.seq))).all():
        yield read_row(Row(row.seq, row.at, row.kind, row.content, row.personal), unseal)


def _summary(row: SqlRow[Any]) -> CallSummary:
    return CallSummary(**{name: getattr(row, name) for name in CallSummary.__slots__})
