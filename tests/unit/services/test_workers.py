"""Who is on duty, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from agent.call.duty import Duty, OnDuty
from agent.services.storage.engine import Database
from agent.services.storage.tables import workers
from agent.services.storage.workers import FORGOTTEN_S, FRESH_S, SqlDutyRoster
from agent.settings import DatabaseSettings

READY = Duty(calls=0, calls_at_once=4, takes_calls=True)


@pytest.fixture
def settings(each_database: DatabaseSettings) -> DatabaseSettings:
    """Of both kinds, in place of the folder's SQLite alone."""
    return each_database


async def age(database: Database, worker_id: str, seconds: float) -> None:
    """Let a worker have been silent for so long."""
    async with database.writing() as connection:
        aged = {"seen_s": workers.c.seen_s - seconds}
        await connection.execute(update(workers).where(workers.c.id == worker_id).values(aged))


async def test_room_is_what_all_workers_have_together(database: Database) -> None:
    """One that is full, ends, or is not registered has none; none takes another's away."""
    first, second, third, fourth = (SqlDutyRoster(database, "parley", name) for name in "abcd")
    assert await first.look() == OnDuty(workers=0, room_for=0)
    await first.tell(READY)
    assert await second.look() == OnDuty(workers=1, room_for=4)
    await second.tell(Duty(calls=3, calls_at_once=4, takes_calls=True))
    await third.tell(Duty(calls=9, calls_at_once=4, takes_calls=True))
    await fourth.tell(Duty(calls=0, calls_at_once=4, takes_calls=False))
    assert await first.look() == OnDuty(workers=3, room_for=5)
    await first.tell(Duty(calls=4, calls_at_once=4, takes_calls=True))
    assert await first.look() == OnDuty(workers=3, room_for=1)


async def test_workers_of_another_agent_do_not_count(database: Database) -> None:
    """They get other calls."""
    await SqlDutyRoster(database, "other").tell(READY)
    assert await SqlDutyRoster(database, "parley").look() == OnDuty(workers=0, room_for=0)


async def test_a_worker_that_leaves_or_falls_silent_is_missed(database: Database) -> None:
    """One that was killed cannot leave; a web server notices within seconds."""
    leaving, killed, forgotten = (SqlDutyRoster(database, "parley", name) for name in "abc")
    for roster in (leaving, killed, forgotten):
        await roster.tell(READY)
    await leaving.leave()
    await age(database, "b", FRESH_S - 2)
    await age(database, "c", FORGOTTEN_S + 1)
    assert (await killed.look()).workers == 1
    await age(database, "b", 2)
    assert (await killed.look()).workers == 0
    await leaving.leave()
    async with database.reading() as connection:
        rows = (await connection.execute(workers.select())).all()
    assert [row.id for row in rows] == ["b"]


async def test_many_workers_may_tell_at_once(database: Database) -> None:
    """On a database that has no tables yet."""
    rosters = [SqlDutyRoster(database, "parley") for _ in range(20)]
    await asyncio.gather(*(roster.tell(READY) for roster in rosters for _ in range(3)))
    assert await rosters[0].look() == OnDuty(workers=20, room_for=80)
