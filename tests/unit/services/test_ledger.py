"""The ledger in the database: one effect for one key, whoever asks and whoever dies."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from agent.call.ledger import Claim, as_request, request_key
from agent.services.storage.engine import Database
from agent.services.storage.ledger import PATIENCE, SqlLedger


class SettableClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    """It stands still until it is set."""
    return SettableClock()


async def test_a_finished_request_gives_its_answer_again(database: Database) -> None:
    """In this process and, after it, in the one that takes the call over."""
    ledger = SqlLedger(database, "call-1")
    assert await ledger.begin("book") == Claim("new")
    assert await ledger.begin("book") == Claim("running")
    await ledger.finish("book", "Booked.")
    assert await ledger.begin("book") == Claim("done", "Booked.")
    assert await SqlLedger(database, "call-1").begin("book") == Claim("done", "Booked.")


async def test_a_failed_request_may_be_made_anew(database: Database) -> None:
    """It did not happen, so it is new again; what has happened stays so."""
    ledger = SqlLedger(database, "call-1")
    await ledger.begin("book")
    await ledger.fail("book")
    assert await ledger.begin("book") == Claim("new")
    await ledger.finish("book", "Booked.")
    await ledger.fail("book")
    await ledger.finish("book", "Something else.")
    assert await ledger.begin("book") == Claim("done", "Booked.")


async def test_calls_and_keys_do_not_touch_each_other(database: Database) -> None:
    """The same words in another call are another request."""
    await SqlLedger(database, "call-1").begin("book")
    assert await SqlLedger(database, "call-2").begin("book") == Claim("new")
    assert await SqlLedger(database, "call-1").begin("move") == Claim("new")


async def test_of_many_claims_at_once_one_is_new(
    database: Database, other_database: Database
) -> None:
    """Two processes that answer for the same call, ten claims each."""
    ledgers = [SqlLedger(database, "call-1"), SqlLedger(other_database, "call-1")]
    claims = await asyncio.gather(*(ledgers[n % 2].begin("book") for n in range(20)))
    assert sorted(claim.status for claim in claims) == ["new"] + ["running"] * 19


async def test_a_claim_of_a_dead_process_is_unknown_and_never_new(
    database: Database, other_database: Database, clock: SettableClock
) -> None:
    """Whether it happened cannot be known, so it is told and not done again."""
    await SqlLedger(database, "call-1", clock=clock).begin("book")
    taken_over = SqlLedger(other_database, "call-1", clock=clock)
    assert await taken_over.begin("book") == Claim("running")
    clock.now += PATIENCE + timedelta(seconds=1)
    assert await taken_over.begin("book") == Claim("unknown")
    assert await taken_over.begin("book") == Claim("unknown")


async def test_a_late_finish_settles_what_was_unknown(
    database: Database, clock: SettableClock
) -> None:
    """A process that was slow, not dead, still tells how it ended."""
    ledger = SqlLedger(database, "call-1", clock=clock)
    await ledger.begin("book")
    clock.now += PATIENCE + timedelta(seconds=1)
    await ledger.finish("book", "Booked.")
    assert await ledger.begin("book") == Claim("done", "Booked.")


async def test_a_request_key_reaches_tasks_and_threads_and_ends_with_the_request() -> None:
    """Tools that run at once see each their own."""

    async def run(key: str) -> tuple[str | None, str | None]:
        with as_request(key):
            await asyncio.sleep(0)
            return request_key(), await asyncio.to_thread(request_key)

    assert await asyncio.gather(run("a"), run("b")) == [("a", "a"), ("b", "b")]
    assert request_key() is None
