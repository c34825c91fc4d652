"""A worker tells others that it is there, and that it is not."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from agent.bootstrap.duty import stay_on_duty
from agent.call.duty import Duty, OnDuty
from agent.services.storage.engine import Database
from agent.services.storage.workers import SqlDutyRoster
from tests.unit.bootstrap.test_start import settings_with


async def seen(roster: SqlDutyRoster, wanted: OnDuty) -> None:
    """Wait until the workers are so."""
    async with asyncio.timeout(10):
        while await roster.look() != wanted:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)


async def test_a_worker_is_on_duty_while_it_runs(tmp_path: Path) -> None:
    """Each change is told soon, and its end at once."""
    settings = settings_with(PARLEY_DATABASE_URL=f"sqlite:///{tmp_path}/parley.sqlite3")
    duty = Duty(calls=0, calls_at_once=2, takes_calls=False)
    database = Database(settings.database)
    roster = SqlDutyRoster(database, settings.livekit.agent_name)
    working = asyncio.create_task(stay_on_duty(settings, lambda: duty))
    await seen(roster, OnDuty(workers=0, room_for=0))
    duty = Duty(calls=0, calls_at_once=2, takes_calls=True)
    await seen(roster, OnDuty(workers=1, room_for=2))
    duty = Duty(calls=1, calls_at_once=2, takes_calls=True)
    await seen(roster, OnDuty(workers=1, room_for=1))
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    assert await roster.look() == OnDuty(workers=0, room_for=0)
    await database.aclose()


async def test_a_database_that_is_away_ends_no_worker() -> None:
    """It goes on trying, and ends when it is told to."""
    settings = settings_with(PARLEY_DATABASE_URL="postgresql://parley@127.0.0.1:9/parley")
    asked = asyncio.Event()

    def duty() -> Duty:
        if asked.is_set():
            working.cancel()
        asked.set()
        return Duty(calls=0, calls_at_once=2, takes_calls=True)

    working = asyncio.create_task(stay_on_duty(settings, duty))
    with suppress(asyncio.CancelledError):
        await working
    assert working.cancelled()
