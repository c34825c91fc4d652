"""Messages in the database."""

from __future__ import annotations

from sqlalchemy import select

from agent.call.messages import Message
from agent.services.storage.engine import Database
from agent.services.storage.messages import SqlMessageBox
from agent.services.storage.tables import messages

HELLO = Message(call_id="1", name="Anna", phone_number="+4930123456", text="Please call me.")


async def test_a_message_is_kept_once_for_a_request(database: Database) -> None:
    """A repeated request leaves no second one; without a key each is its own."""
    box = SqlMessageBox(database)
    for request_key in ("a", "a", "b", None, None):
        await box.leave(HELLO, request_key=request_key)
    async with database.reading() as connection:
        kept = (await connection.execute(select(messages))).all()
    assert [row.request_key for row in kept] == ["a", "b", None, None]
    assert {(row.name, row.phone_number, row.text) for row in kept} == {
        (HELLO.name, HELLO.phone_number, HELLO.text)
    }
