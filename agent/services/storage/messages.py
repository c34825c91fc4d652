"""Messages in the database."""

from __future__ import annotations

from sqlalchemy import insert, select

from agent.call.messages import Message
from agent.services.clock import Clock, system_clock
from agent.services.storage.engine import Database
from agent.services.storage.tables import messages


class SqlMessageBox:
    """Where messages are left. A MessageBox."""

    def __init__(
        self, database: Database, *, phone_region: str | None = None, clock: Clock = system_clock
    ) -> None:
        self._database = database
        self._phone_region = phone_region
        self._clock = clock

    @property
    def phone_region(self) -> str | None:
        """See MessageBox."""
        return self._phone_region

    async def leave(self, message: Message, *, request_key: str | None) -> None:
        """See MessageBox."""
        left = insert(messages).values(
            call_id=message.call_id,
            name=message.name,
            phone_number=message.phone_number,
            text=message.text,
            request_key=request_key,
            left_at=self._clock(),
        )
        same = select(messages.c.id).where(messages.c.request_key == request_key)
        async with self._database.writing(alone_on=messages) as connection:
            if request_key is None or (await connection.execute(same)).first() is None:
                await connection.execute(left)
