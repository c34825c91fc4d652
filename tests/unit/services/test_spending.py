"""What all calls have spent, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal

import pytest

from agent.call.spending import Spent
from agent.services.storage.engine import Database
from agent.services.storage.spending import SqlSpending
from agent.settings import DatabaseSettings

WORKERS, ADDED = 6, 60
TODAY = date(2026, 11, 25)


@pytest.fixture
def settings(each_database: DatabaseSettings) -> DatabaseSettings:
    """Of both kinds, in place of the folder's SQLite alone."""
    return each_database


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


async def test_what_many_workers_add_at_once_is_all_there(settings: DatabaseSettings) -> None:
    """On a database that has no tables yet; and each is told a sum that holds what it added."""
    async with AsyncExitStack() as closing:
        calls = []
        for _ in range(WORKERS):
            database = Database(settings)
            closing.push_async_callback(database.aclose)
            calls.append(SqlSpending(database, "acme", today))
        told = await asyncio.gather(*(calls[n % WORKERS].add(50_000) for n in range(ADDED)))
        assert sorted(spent.day_usd for spent in told) == [
            Decimal("0.05") * n for n in range(1, ADDED + 1)
        ]
        whole = Decimal("0.05") * ADDED
        assert await calls[0].so_far() == Spent(whole, whole)
