"""Places for calls: who gets one, and who is told that there is none."""

from __future__ import annotations

import asyncio

import pytest

from agent.call.duty import Duty, OnDuty
from agent.web.refusals import Refusal
from agent.web.vacancy import FRESH_S, RESERVED_S, Vacancy


class Roster:
    """Workers as a test has them."""

    def __init__(self, workers: int, room_for: int) -> None:
        self.on_duty = OnDuty(workers, room_for)
        self.looks = 0
        self.is_away = False

    async def tell(self, duty: Duty) -> None:
        raise NotImplementedError

    async def leave(self) -> None:
        raise NotImplementedError

    async def look(self) -> OnDuty:
        self.looks += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise OSError("canary")
        return self.on_duty


class Clock:
    """Seconds that pass when a test says so."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def outcome(vacancy: Vacancy) -> str:
    """The code of the refusal, or nothing."""
    try:
        await vacancy.take()
    except Refusal as refusal:
        assert refusal.status == 503
        assert refusal.retry_after_s
        return refusal.code
    return ""


async def test_of_two_callers_for_one_place_one_is_told_to_wait() -> None:
    """Though the worker has not said yet that the first one came."""
    clock = Clock()
    vacancy = Vacancy(Roster(workers=1, room_for=1), clock=clock)
    assert sorted(await asyncio.gather(outcome(vacancy), outcome(vacancy))) == ["", "workers_full"]
    clock.now_s = RESERVED_S + 0.1
    assert await outcome(vacancy) == ""


async def test_without_a_worker_nobody_is_let_in_until_one_comes() -> None:
    """Which is noticed at once."""
    clock, roster = Clock(), Roster(workers=0, room_for=0)
    vacancy = Vacancy(roster, clock=clock)
    assert await outcome(vacancy) == "no_worker"
    roster.on_duty = OnDuty(workers=1, room_for=4)
    clock.now_s = 0.2
    assert await outcome(vacancy) == ""


async def test_a_crowd_asks_the_database_once() -> None:
    """And once more a second later."""
    clock, roster = Clock(), Roster(workers=1, room_for=1_000)
    vacancy = Vacancy(roster, clock=clock)
    assert set(await asyncio.gather(*(outcome(vacancy) for _ in range(100)))) == {""}
    assert roster.looks == 1
    clock.now_s = FRESH_S
    await outcome(vacancy)
    assert roster.looks == 2


@pytest.mark.parametrize("was_empty", [True, False])
async def test_a_database_that_is_away_keeps_nobody_out(was_empty: bool) -> None:
    """A call finds out for itself whether somebody answers."""
    clock, roster = Clock(), Roster(workers=0 if was_empty else 1, room_for=0)
    vacancy = Vacancy(roster, clock=clock)
    assert await outcome(vacancy)
    roster.is_away = True
    clock.now_s = 5.0
    assert await outcome(vacancy) == ""
