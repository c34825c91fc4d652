"""Orders in the database. They are the operator's, and come from a file."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from agent.call.orders import Order, OrderNotFound
from agent.services.clock import Clock, system_clock
from agent.services.orders_file import OrderRow, bare
from agent.services.storage.engine import Database
from agent.services.storage.tables import orders, wrong_guesses

GUESSES, GUESSING_TIME = 10, timedelta(hours=1)
"""Wrong postcodes for one order, over all calls, after which no postcode is right for a while."""


class SqlOrderBook:
    """The orders of the business. An OrderBook."""

    def __init__(self, database: Database, *, clock: Clock = system_clock) -> None:
        self._database = database
        self._clock = clock

    async def verify(self, number: str, postcode: str) -> str | None:
        """See OrderBook."""
        number, now = bare(number), self._clock()
        guesses = select(func.count()).where(
            wrong_guesses.c.order_number == number, wrong_guesses.c.guessed_at > now - GUESSING_TIME
        )
        async with self._database.writing(alone_on=wrong_guesses) as connection:
            found = (
                await connection.execute(select(orders).where(orders.c.number == number))
            ).first()
            if found is None:
                return None
            too_often = (await connection.execute(guesses)).scalar_one() >= GUESSES
            if not too_often and _same(found.postcode, bare(postcode)):
                return str(found.customer)
            old = delete(wrong_guesses).where(wrong_guesses.c.guessed_at <= now - GUESSING_TIME)
            await connection.execute(old)
            guess = insert(wrong_guesses).values(order_number=number, guessed_at=now)
            await connection.execute(guess)
        return None

    async def find(self, number: str, *, customer: str) -> Order:
        """See OrderBook."""
        theirs = select(orders).where(
            orders.c.number == bare(number), orders.c.customer == customer
        )
        async with self._database.reading() as connection:
            found = (await connection.execute(theirs)).first()
        if found is None:
            raise OrderNotFound(number)
        return _order(found)

    async def of(self, customer: str) -> Sequence[Order]:
        """See OrderBook."""
        theirs = select(orders).where(orders.c.customer == customer)
        newest_first = theirs.order_by(func.length(orders.c.number).desc(), orders.c.number.desc())
        async with self._database.reading() as connection:
            return [_order(row) for row in await connection.execute(newest_first)]


async def import_orders(database: Database, rows: Iterable[OrderRow]) -> None:
    """Put orders into the database, over what is there of the same numbers. All or none."""
    values = [row.model_dump() for row in rows]
    numbers = [value["number"] for value in values]
    async with database.writing(alone_on=orders) as connection:
        for start in range(0, len(values), 500):
            batch = slice(start, start + 500)
            await connection.execute(delete(orders).where(orders.c.number.in_(numbers[batch])))
            await connection.execute(insert(orders), values[batch])


def _same(kept: str, given: str) -> bool:
    return hmac.compare_digest(kept.encode(), given.encode())


def _order(row: Row[Any]) -> Order:
    return Order(row.number, row.status, row.due_on, row.items)
