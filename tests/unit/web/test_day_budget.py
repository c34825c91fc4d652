"""Calls over the budget of a day are refused before they begin."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from agent.call.spending import Spent
from agent.settings import CostSettings, load_group
from agent.web.day_budget import DayBudget
from agent.web.refusals import Refusal

BERLIN = ZoneInfo("Europe/Berlin")


class Spending:
    """What a test lets calls have spent."""

    def __init__(self, day: str, tenant: str = "0", *, is_away: bool = False) -> None:
        self.spent = Spent(Decimal(day), Decimal(tenant))
        self.is_away = is_away

    async def so_far(self) -> Spent:
        if self.is_away:
            raise OSError("canary")
        return self.spent

    async def add(self, micro_usd: int) -> Spent:
        raise NotImplementedError


def budget(spending: Spending, now: str = "2026-11-26T23:00", **limits: str) -> DayBudget:
    settings = load_group(CostSettings, {f"PARLEY_BUDGET_{k}": v for k, v in limits.items()})
    at = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    return DayBudget(settings, lambda _: spending, BERLIN, now=lambda: at)


async def refusal_of(day_budget: DayBudget, tenant: str = "") -> Refusal:
    with pytest.raises(Refusal) as caught:
        await day_budget.require(tenant)
    return caught.value


async def test_a_spent_day_is_over_until_midnight_of_the_business() -> None:
    """With a sentence, and the time until calls are taken again."""
    refusal = await refusal_of(budget(Spending("10"), DAY_USD="10"))
    assert (refusal.status, refusal.code, refusal.retry_after_s) == (503, "budget_spent", 3_600)
    assert refusal.message == "No more calls are taken today. Please call again tomorrow."


async def test_a_day_that_is_an_hour_longer_is_waited_out() -> None:
    """At the end of summer time."""
    refusal = await refusal_of(budget(Spending("10"), now="2026-10-25T00:00", DAY_USD="10"))
    assert refusal.retry_after_s == 25 * 3_600


async def test_a_tenant_has_a_budget_of_its_own() -> None:
    """The others still call."""
    limits = {"TENANT_USD": "5", "TENANTS": "globex=9"}
    spent = Spending("100", "6")
    assert (await refusal_of(budget(spent, **limits), "acme")).code == "budget_spent"
    await budget(spent, **limits).require("globex")
    await budget(spent, **limits).require("")


async def test_what_is_left_is_for_the_next_call() -> None:
    """And without a limit nothing is asked."""
    await budget(Spending("9.999999"), DAY_USD="10").require()
    await budget(Spending("0", is_away=True)).require("acme")


async def test_a_database_that_is_away_keeps_nobody_out() -> None:
    """Each call looks again for itself."""
    await budget(Spending("0", is_away=True), DAY_USD="10").require("acme")
