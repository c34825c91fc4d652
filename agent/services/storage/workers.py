"""Which workers run, a row for each, kept alive by itself."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import case, delete, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.call.duty import Duty, OnDuty
from agent.services.storage.engine import Database
from agent.services.storage.tables import workers

FRESH_S = 10.0
"""A worker that has said nothing for so long does not count: it was killed, or is cut off."""
FORGOTTEN_S = 3600.0


class SqlDutyRoster:
    """The workers of one agent's name in a database. A DutyRoster.

    All moments are the database's: clocks of machines differ.

    Args:
        database: Shared by all workers and web servers; it is not closed here.
        agent_name: By which the LiveKit server knows the workers.
        worker_id: Of the one that tells of itself.
    """

    def __init__(self, database: Database, agent_name: str, worker_id: str | None = None) -> None:
        self._database = database
        self._agent_name = agent_name
        self._worker_id = worker_id or uuid.uuid4().hex

    async def tell(self, duty: Duty) -> None:
        """See DutyRoster."""
        async with self._database.writing() as connection:
            now = _now(connection)
            told: dict[str, Any] = {
                "calls": duty.calls,
                "calls_at_once": duty.calls_at_once,
                "takes_calls": duty.takes_calls,
                "seen_s": now,
            }
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            row = dialect.insert(workers).values(
                id=self._worker_id, agent_name=self._agent_name, **told
            )
            await connection.execute(
                row.on_conflict_do_update(index_elements=[workers.c.id], set_=told)
            )

    async def leave(self) -> None:
        """See DutyRoster. Those that never could are taken off as well, long after."""
        async with self._database.writing() as connection:
            is_forgotten = workers.c.seen_s < _now(connection) - FORGOTTEN_S
            await connection.execute(
                delete(workers).where((workers.c.id == self._worker_id) | is_forgotten)
            )

    async def look(self) -> OnDuty:
        """See DutyRoster."""
        free = workers.c.calls_at_once - workers.c.calls
        async with self._database.reading() as connection:
            sums = select(func.count(), func.sum(case((free > 0, free), else_=0))).where(
                workers.c.agent_name == self._agent_name,
                workers.c.takes_calls,
                workers.c.seen_s > _now(connection) - FRESH_S,
            )
            count, room_for = (await connection.execute(sums)).one()
            return OnDuty(int(count), int(room_for or 0))


def _now(connection: AsyncConnection) -> Any:
    """Seconds since the epoch, as an expression."""
    if connection.dialect.name == "postgresql":
        return literal_column("extract(epoch from clock_timestamp())::float8")
    return literal_column("((julianday('now') - 2440587.5) * 86400.0)")
