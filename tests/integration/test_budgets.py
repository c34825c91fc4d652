"""Budgets in whole calls: how a call ends at one, and that none begins behind one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from agent.services.storage.engine import Database
from agent.services.storage.spending import SqlSpending
from agent.settings import DatabaseSettings
from tests.caller.driver import Caller
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker

BUDGET_USD = Decimal("0.02")
ASKED = ("apples", "bread", "cheese", "honey", "lemons", "mustard", "olives", "pears", "sugar")
ANSWERS = [
    # Once each: after that the provider does as it is told, and takes leave.
    {"match": thing, "text": f"The {thing} are on the shelf by the door.", "times": 1}
    for thing in ASKED
]
FAREWELL = "end this call"
SPENT = "a budget is spent"
PRICES = """
date = 2026-11-25
# Ten times what it costs, so that a test need not talk for minutes.
[models."gpt-4.1-mini"]
input_mtok = 4
cached_input_mtok = 1
output_mtok = 16
"""


@dataclass(frozen=True, slots=True)
class Thrifty:
    """A worker whose calls may cost two cents, and its database."""

    caller: Caller
    worker: Worker
    database: DatabaseSettings

    def bill_usd(self) -> Decimal:
        """Of the last call that has ended."""
        bills = re.findall(r'"usd": "([0-9.]+)"', self.worker.log)
        return Decimal(bills[-1])


@pytest.fixture(scope="module")
def thrifty(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider
) -> Iterator[Thrifty]:
    """Also with a tenant who may spend a dollar a day."""
    prices = run_folder / "prices.toml"
    prices.write_text(PRICES)
    url = f"sqlite:///{run_folder / 'thrifty.sqlite3'}"
    env = {
        **livekit_server.env,
        **sandbox_process.env,
        "LIVEKIT_AGENT_NAME": "thrifty",
        "PARLEY_DATABASE_URL": url,
        "PARLEY_PRICES_FILE": str(prices),
        "PARLEY_BUDGET_CALL_USD": str(BUDGET_USD),
        "PARLEY_BUDGET_TENANTS": "acme=1",
    }
    with Worker(run_folder, env, name="thrifty-worker") as worker:
        worker.wait_until_registered()
        caller = Caller(livekit_server.url, logs=[worker, sandbox_process], agent_name="thrifty")
        yield Thrifty(caller, worker, DatabaseSettings(url=url))


async def test_a_call_ends_within_one_reply_after_its_budget_is_spent(
    thrifty: Thrifty, provider: SandboxProvider, pipeline: str
) -> None:
    """The reply under way is heard to its end, then a sentence, and nothing more is answered."""
    provider.play(replies=ANSWERS)
    worker = thrifty.worker
    before = worker.log.count(SPENT)
    async with thrifty.caller.call({"pipeline": pipeline}) as call:
        words = (await call.greeting()).words
        left = list(ASKED)
        while left and worker.log.count(SPENT) == before:
            thing = left.pop(0)
            await call.type(f"Where are the {thing}?")
            words = (await call.reply()).words
        if FAREWELL not in words:
            words = (await call.reply()).words
        assert FAREWELL in words
        await call.wait_until_ended()
    worker.wait_until_idle()
    assert len(left) < len(ASKED)
    assert BUDGET_USD <= thrifty.bill_usd() < 2 * BUDGET_USD


async def test_no_call_begins_for_a_tenant_whose_day_is_spent(
    thrifty: Thrifty, provider: SandboxProvider
) -> None:
    """The caller hears a sentence, which costs nothing, and the call ends; others' calls go on."""
    database = Database(thrifty.database)
    await SqlSpending(database, "acme", lambda: datetime.now(UTC).date()).add(1_000_000)
    await database.aclose()
    async with thrifty.caller.call({"tenant": "acme"}) as call:
        assert "cannot take this call" in (await call.reply()).words
        await call.wait_until_ended()
    async with thrifty.caller.call({"tenant": "globex"}) as call:
        await call.greeting()
