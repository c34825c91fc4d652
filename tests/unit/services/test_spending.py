"""What all calls have spent, in the database."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

from agent.call.spending import Spent
from agent.services.storage.engine import Database
from agent.services.storage.spending import SqlSpending

TODAY = date(2026, 11, 25)


def today() -> date:
    return TODAY


async def test_sums_are_of_the_day_and_of_the_tenant(database: Database) -> None:
    """Calls without a tenant count to the day."""
    acme = SqlSpending(database, "acme", today)
    nobody = SqlSpending(database, None, today)
    assert await acme.so_far() == Spent()
    assert await acme.add(1_500_000) == Spent(Decimal("1.5"), Decimal("1.5"))
    assert await nobody.add(1) == Spent(Decimal("1.500001"), Decimal("0.000001"))
    assert await acme.so_far() == Spent(Decimal("1.500001"), Decimal("1.5"))


async def test_a_new_day_begins_at_nothing(database: Database) -> None:
    """Also within a call."""
    day = [TODAY]
    spending = SqlSpending(database, "acme", lambda: day[0])
    await spending.add(1_000_000)
    day[0] = date(2026, 11, 26)
    assert await spending.add(5) == Spent(Decimal("0.000005"), Decimal("0.000005"))


async def test_what_many_processes_add_at_once_is_all_there(
    database: Database, other_database: Database
) -> None:
    """Two of them, twenty times each."""
    calls = [SqlSpending(database, "acme", today), SqlSpending(other_database, "acme", today)]
    await asyncio.gather(*(calls[n % 2].add(50_000) for n in range(40)))
    assert await calls[0].so_far() == Spent(Decimal(2), Decimal(2))
