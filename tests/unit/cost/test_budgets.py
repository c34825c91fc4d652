"""Limits of a call, a day and a tenant."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from agent.call.cost import micro_usd, usd_of
from agent.call.events import BudgetReached
from agent.call.prices import PriceBook
from agent.call.spending import Spent
from agent.cost.budgets import Budgets, Limits
from agent.cost.catalogue import load_prices
from agent.cost.meter import Meter
from tests.unit.cost.measured import chat
from tests.unit.cost.test_catalogue import settings_with

SOON_S = 0.01


@pytest.fixture(scope="module")
def prices() -> PriceBook:
    """Of the default models: a thousand tokens written cost $0.0016."""
    return load_prices(settings_with())


@dataclass
class SharedSums:
    """A Spending that several calls may share."""

    sums: dict[str, int] = field(default_factory=dict)
    tenant: str = ""
    away: bool = False
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def so_far(self) -> Spent:
        """See Spending."""
        self.looked.set()
        if self.away:
            raise OSError("the database is away")
        return Spent(usd_of(sum(self.sums.values())), usd_of(self.sums.get(self.tenant, 0)))

    async def add(self, micro_usd: int) -> Spent:
        """See Spending."""
        if not self.away:
            self.sums[self.tenant] = self.sums.get(self.tenant, 0) + micro_usd
        return await self.so_far()


class Watched:
    """Budgets that are watched, and what they tell."""

    def __init__(
        self, prices: PriceBook, limits: Limits, spending: SharedSums | None = None
    ) -> None:
        self.meter = Meter(prices)
        self.budgets = Budgets(limits, self.meter, spending, flush_s=SOON_S)
        self.told: list[BudgetReached] = []
        self.over = asyncio.Event()
        self.times_over = 0
        self.budgets.on_budget(self.told.append)

    def start(self) -> None:
        self.budgets.start(self._end)

    def spend(self, usd: str) -> None:
        self.meter.note(chat(read=0, written=int(Decimal(usd) / Decimal("1.6") * 1_000_000)))

    def _end(self) -> None:
        self.over.set()
        self.times_over += 1


async def test_a_call_is_warned_of_at_80_percent_and_ended_at_its_budget(prices: PriceBook) -> None:
    """Each once, and at once with what was used last."""
    call = Watched(prices, Limits(call_usd=Decimal("0.02")))
    call.start()
    call.spend("0.0144")
    assert call.told == []
    call.spend("0.0016")
    assert [(event.budget, event.is_spent) for event in call.told] == [("call", False)]
    assert not call.over.is_set()
    call.spend("0.004")
    call.spend("0.004")
    assert [(event.budget, event.is_spent) for event in call.told] == [
        ("call", False),
        ("call", True),
    ]
    assert call.times_over == 1
    await call.budgets.aclose()


async def test_without_limits_nothing_is_watched_or_kept(prices: PriceBook) -> None:
    """As it is by default."""
    sums = SharedSums()
    call = Watched(prices, Limits(), sums)
    assert not await call.budgets.refuse_call()
    call.start()
    call.spend("100")
    await call.budgets.aclose()
    assert (call.told, sums.sums) == ([], {})


async def test_a_call_ends_when_others_have_spent_the_day(prices: PriceBook) -> None:
    """Though it has spent little itself, and is silent."""
    sums = SharedSums({"": micro_usd(Decimal("0.5"))})
    call = Watched(prices, Limits(day_usd=Decimal(1)), sums)
    assert not await call.budgets.refuse_call()
    call.start()
    sums.sums["another"] = micro_usd(Decimal("0.6"))
    await asyncio.wait_for(call.over.wait(), 5)
    assert [event.budget for event in call.told if event.is_spent] == ["day"]
    await call.budgets.aclose()


async def test_no_call_begins_on_a_day_or_for_a_tenant_that_is_spent(prices: PriceBook) -> None:
    """Other tenants' calls go on beginning."""
    sums = {"acme": micro_usd(Decimal(2))}
    limits = Limits(day_usd=Decimal(10), tenant_usd=Decimal(2))
    refused = Watched(prices, limits, SharedSums(sums, "acme"))
    assert await refused.budgets.refuse_call()
    assert not await Watched(prices, limits, SharedSums(sums, "globex")).budgets.refuse_call()
    assert await Watched(prices, Limits(day_usd=Decimal(2)), SharedSums(sums)).budgets.refuse_call()


async def test_what_many_calls_spend_at_once_goes_over_by_less_than_one_call(
    prices: PriceBook,
) -> None:
    """Each call ends as soon as all together have reached the limit."""
    sums = SharedSums()
    calls = [Watched(prices, Limits(day_usd=Decimal("0.5")), sums) for _ in range(10)]
    for call in calls:
        call.start()
    for _ in range(200):
        for call in calls:
            if not call.over.is_set():
                call.spend("0.0016")
        sums.looked.clear()
        await asyncio.wait_for(sums.looked.wait(), 5)
        if all(call.over.is_set() for call in calls):
            break
    for call in calls:
        await call.budgets.aclose()
    spent = usd_of(sums.sums[""])
    assert Decimal("0.5") <= spent < Decimal("0.55")
    assert spent == sum(call.meter.cost.usd for call in calls)


async def test_a_database_that_is_away_ends_no_call_and_loses_no_spending(
    prices: PriceBook, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and what was spent meanwhile is added when it is back."""
    sums = SharedSums(away=True)
    call = Watched(prices, Limits(day_usd=Decimal(1)), sums)
    assert not await call.budgets.refuse_call()
    call.start()
    call.spend("0.16")
    for _ in range(3):
        sums.looked.clear()
        await asyncio.wait_for(sums.looked.wait(), 5)
    assert not call.over.is_set()
    sums.away = False
    await call.budgets.aclose()
    assert sums.sums == {"": micro_usd(Decimal("0.16"))}
    assert caplog.text.count("spending is not known") == 1


async def test_a_call_knows_its_own_spending_while_the_database_is_away(prices: PriceBook) -> None:
    """So it ends at the latest when it has spent the day's rest by itself."""
    sums = SharedSums({"": micro_usd(Decimal("0.9"))})
    call = Watched(prices, Limits(day_usd=Decimal(1)), sums)
    assert not await call.budgets.refuse_call()
    sums.away = True
    call.start()
    call.spend("0.112")
    assert call.over.is_set()
    await call.budgets.aclose()
