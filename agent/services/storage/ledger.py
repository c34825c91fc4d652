"""What tools have done, in the database: it outlives the process in which they ran."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from agent.call.ledger import Claim
from agent.services.clock import Clock, system_clock
from agent.services.storage.engine import Database
from agent.services.storage.tables import ledger

PATIENCE = timedelta(seconds=90)
"""After which a claim that nobody settled counts as given up: an effect ends, or is given up by
who began it, well before.
"""


class SqlLedger:
    """The ledger of one call. A Ledger."""

    def __init__(self, database: Database, call_id: str, *, clock: Clock = system_clock) -> None:
        self._database = database
        self._call_id = call_id
        self._clock = clock

    async def begin(self, key: str) -> Claim:
        """See Ledger."""
        claim = insert(ledger).values(
            call_id=self._call_id, request=key, begun_at=(now := self._clock())
        )
        try:
            async with self._database.writing() as connection:
                found = (await connection.execute(select(ledger).where(self._is(key)))).first()
                if found is not None:
                    return _judge(found, now)
                await connection.execute(claim)
        except IntegrityError:  # on PostgreSQL, another process came between the two
            return Claim("running")
        return Claim("new")

    async def finish(self, key: str, result: str) -> None:
        """See Ledger."""
        done = update(ledger).where(self._is_open(key))
        async with self._database.writing() as connection:
            await connection.execute(done.values(finished_at=self._clock(), result=result))

    async def fail(self, key: str) -> None:
        """See Ledger."""
        async with self._database.writing() as connection:
            await connection.execute(delete(ledger).where(self._is_open(key)))

    def _is(self, key: str) -> ColumnElement[bool]:
        return and_(ledger.c.call_id == self._call_id, ledger.c.request == key)

    def _is_open(self, key: str) -> ColumnElement[bool]:
        return and_(self._is(key), ledger.c.finished_at.is_(None))


def _judge(claim: Row[Any], now: datetime) -> Claim:
    if claim.finished_at is not None:
        return Claim("done", claim.result)
    return Claim("unknown" if now - claim.begun_at > PATIENCE else "running")
