"""Who read, exported or deleted what of the records, without anything personal of a caller."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from agent.records.schema import Schema
from agent.records.tables import audit_log
from agent.services.clock import Clock, system_clock
from agent.services.storage.engine import Database

WORKER = "worker"
"""Who does what nobody asked for, such as deleting what is too old."""
_MOST_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that somebody did."""

    at: datetime
    actor: str
    """`cli:` and the name of a user of the system, `api:` and who a token belongs to, or WORKER."""
    action: str
    subject: str
    """A call's id, or empty."""
    count: int


class AuditLog:
    """The audit log in a database. It only grows.

    Args:
        database: Where it is; it is not closed here.
        clock: What time it is.
    """

    def __init__(self, database: Database, *, clock: Clock = system_clock) -> None:
        self._database = database
        self._schema = Schema(database)
        self._clock = clock

    async def note(self, actor: str, action: str, subject: str = "", count: int = 0) -> None:
        """Write down what somebody did.

        Args:
            actor: See AuditEntry.
            action: Such as `show`.
            subject: A call's id, or empty; never a word or number of a caller's.
            count: To how many calls, texts or files it was done.
        """
        await self._schema.prepare()
        values = {"actor": actor, "action": action, "subject": subject}
        fitting = {name: value[:_MOST_CHARACTERS] for name, value in values.items()}
        async with self._database.writing() as connection:
            await connection.execute(
                insert(audit_log).values(**fitting, at=self._clock(), count=count)
            )

    async def entries(self, *, since: datetime | None = None, limit: int = 100) -> list[AuditEntry]:
        """What was done, the latest first."""
        await self._schema.prepare()
        kept = audit_log.c
        wanted = select(kept.at, kept.actor, kept.action, kept.subject, kept.count).order_by(
            kept.at.desc(), kept.id.desc()
        )
        if since is not None:
            wanted = wanted.where(kept.at >= since)
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted.limit(limit))).all()
        return [AuditEntry(*row) for row in rows]


def actor_here() -> str:
    """Whoever runs this process, as an actor. The system says who that is; no variable does."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"
