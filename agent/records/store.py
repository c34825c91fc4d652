"""The records of calls in the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from agent.call.record import SCHEMA, Lost
from agent.call.record_form import apart
from agent.records.query import (
    CallPage,
    CallQuery,
    CallRecord,
    CallSummary,
    find_calls,
    read_call,
)
from agent.records.rows import Header, Row, Turned, as_it_is
from agent.records.schema import Schema
from agent.records.tables import call_events, calls, erased_calls
from agent.services.storage.engine import Database

LOST_SEQ = 2_147_483_647
"""Behind every entry of the call's own, which may still be on their way: a job that was taken for
dead may have been cut off, and its later entries must not find their places taken.
"""


class CallStore:
    """Keeps and finds the records of calls.

    Args:
        database: Whose else it may be; it is not closed here.
        unseal: Undoes what the writer did to what was said.
    """

    def __init__(self, database: Database, *, unseal: Turned = as_it_is) -> None:
        self._database = database
        self._schema = Schema(database)
        self._unseal = unseal

    async def prepare(self) -> None:
        """See Schema.prepare."""
        await self._schema.prepare()

    async def append(self, header: Header, rows: Sequence[Row], *, seen_at: datetime) -> None:
        """Add to a record, which begins if there is none. A row that is there already stays as it
        is: repeating a call of this is harmless, and the order of calls does not matter. Of a call
        that was erased, nothing is kept.

        Args:
            header: The call's.
            rows: What is added, at most once each.
            seen_at: When whoever keeps this record was last alive.

        Raises:
            RecordsError: the database belongs to a newer version.
        """
        await self._schema.prepare()
        # In a thread: the first statements of a job process take 15 ms to make, most of it to get
        # pages of its own of what it shares with the process that it was forked from.
        write = await asyncio.to_thread(_addition, header, rows, seen_at)
        await self._database.write_at_once(write)

    async def mark_lost(self, *, unseen_since: datetime, now: datetime) -> list[str]:
        """Settle the calls that are open, but whose keeper was not alive after a moment; returns
        their ids. Of many processes that do this at once, each call is settled by one.
        """
        await self._schema.prepare()
        stale = (calls.c.state == "open") & (calls.c.heartbeat_at < unseen_since)
        settle = (
            update(calls)
            .where(stale)
            .values(state="lost", ended_at=calls.c.heartbeat_at)
            .returning(calls.c.id, calls.c.heartbeat_at)
        )
        async with self._database.writing() as connection:
            lost = (await connection.execute(settle)).all()
            entries = [_lost(row.id, row.heartbeat_at, now) for row in lost]
            if entries:
                await connection.run_sync(insert_missing, call_events, entries)
        return [row.id for row in lost]

    async def list_calls(self, query: CallQuery | None = None) -> list[CallSummary]:
        """The calls that were asked for, the latest first."""
        return list((await self.page(query or CallQuery())).calls)

    async def page(self, query: CallQuery) -> CallPage:
        """The same, with the place at which to go on."""
        await self._schema.prepare()
        async with self._database.reading() as connection:
            return await find_calls(connection, query, self._unseal)

    async def call(self, call_id: str, *, after: int = 0) -> CallRecord:
        """One call with all its entries, or with those after one of them.

        Raises:
            CallNotFound: there is none of this id.
        """
        await self._schema.prepare()
        async with self._database.reading() as connection:
            return await read_call(connection, call_id, self._unseal, after=after)


def _addition(
    header: Header, rows: Sequence[Row], seen_at: datetime
) -> Callable[[Connection], None]:
    """The transaction that adds rows to a record."""
    values = {
        "id": header.call_id,
        "room": _fitting("room", header.room),
        "state": "open",
        "started_at": header.started_at,
        "heartbeat_at": seen_at,
        "schema": SCHEMA,
    }
    found = [_values(header.call_id, row) for row in rows]
    change = update(calls).where(calls.c.id == header.call_id).values(_change(rows, seen_at))
    is_erased = select(erased_calls.c.id).where(erased_calls.c.id == header.call_id)

    def write(connection: Connection) -> None:
        is_new = insert_missing(connection, calls, [values]) > 0
        # Looked at only now: whoever erases the call meanwhile is waited for above, and whoever
        # does it later waits for this transaction.
        if is_new and connection.execute(is_erased).first() is not None:
            connection.execute(delete(calls).where(calls.c.id == header.call_id))
            return
        if found:
            insert_missing(connection, call_events, found)
        connection.execute(change)

    return write


def _values(call_id: str, row: Row) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "seq": row.seq,
        "at": row.at,
        "kind": row.kind,
        "content": row.content,
        "personal": row.personal,
    }


def _lost(call_id: str, last_seen_at: datetime, now: datetime) -> dict[str, Any]:
    plain, _ = apart(Lost(last_seen_at))
    return _values(call_id, Row(LOST_SEQ, now, Lost.kind, json.dumps(plain)))


def _change(rows: Sequence[Row], seen_at: datetime) -> dict[str, Any]:
    """What is new of the call as a whole. The first word on something stands."""
    said: dict[str, str] = {}
    ended_at: datetime | None = None
    for row in rows:
        said = {**row.changes, **said}
        if "close_reason" in row.changes:
            ended_at = row.at
    is_newer = calls.c.heartbeat_at < seen_at
    change: dict[str, Any] = {
        name: func.coalesce(calls.c[name], _fitting(name, value)) for name, value in said.items()
    }
    change["heartbeat_at"] = case((is_newer, seen_at), else_=calls.c.heartbeat_at)
    if ended_at is not None:
        return {**change, "state": "closed", "ended_at": ended_at}
    is_back = (calls.c.state == "lost") & is_newer
    change["state"] = case((is_back, "open"), else_=calls.c.state)
    change["ended_at"] = case((is_back, None), else_=calls.c.ended_at)
    return change


def _fitting(column: str, value: str) -> str:
    """A value that the column takes: what clients name themselves may be anything."""
    length = getattr(calls.c[column].type, "length", None)
    return value.encode("utf-8", "replace").decode().replace("\0", "")[:length]


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Returns how many were missing."""
    if connection.dialect.name == "postgresql":
        missing: Any = postgresql.insert(table).on_conflict_do_nothing()
    else:
        missing = sqlite.insert(table).on_conflict_do_nothing()
    return connection.execute(missing, rows).rowcount
