"""The limits of one call, and its costs as the worker's metrics have them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from agent.bootstrap.plan import CallPlan
from agent.call.spending import Spending
from agent.cost.budgets import Budgets, Limits
from agent.cost.meter import Meter
from agent.settings import CostSettings
from agent.telemetry.costs import CallCosts


def build_budgets(
    settings: CostSettings, plan: CallPlan, meter: Meter, spending: Spending | None
) -> Budgets:
    """The budgets that one call draws on."""
    away = (SQLAlchemyError, OSError, TimeoutError)
    return Budgets(limits_of(settings, plan), meter, spending, store_errors=away)


def limits_of(settings: CostSettings, plan: CallPlan) -> Limits:
    """Its own limit, its day's, and its tenant's if it has one."""
    return Limits(settings.call_usd, settings.day_usd, settings.of_tenant(plan.tenant))


def tell_costs(meter: Meter, folder: Path, closing: AsyncExitStack) -> None:
    """Keep what a call costs where its worker looks for it, from now on until it is closed."""
    costs = CallCosts(folder)
    meter.on_cost(costs.add)

    async def end() -> None:
        if (line := meter.telephone()) is not None:
            costs.add(line)
        await costs.aclose()

    closing.push_async_callback(end)
