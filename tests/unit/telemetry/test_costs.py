"""What calls cost, as a worker's metrics tell it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from agent.bootstrap import tell_costs
from agent.call.cost import Model, Rates, TokenRates
from agent.call.prices import TELEPHONE, PriceBook, TelephoneRate
from agent.cost.meter import Meter
from agent.telemetry.costs import CallCosts, CostCollector
from tests.unit.cost.measured import HOST, chat

RATE = Decimal(1)
PRICES = PriceBook(
    "v1",
    {Model(HOST, "dear"): Rates(TokenRates(RATE, RATE, RATE, RATE, RATE, RATE))},
    TelephoneRate(Decimal("0.5")),
)
MILLION = 1_000_000
Value = Callable[..., float | None]


@pytest.fixture
def value(tmp_path: Path) -> Value:
    """What a metric is at the moment, by its name and its model."""
    registry = CollectorRegistry()
    registry.register(CostCollector(tmp_path))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"parley_{name}", labels)

    return value


async def test_a_worker_adds_up_what_its_calls_cost(tmp_path: Path, value: Value) -> None:
    """While they go on and afterwards, by model, and what has no price by its uses."""
    assert value("cost_usd_total", model="dear") is None
    now = [100.0]
    meters = [Meter(PRICES, clock=lambda: now[0]) for _ in range(2)]
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        for meter, closing in zip(meters, (first, second), strict=True):
            tell_costs(meter, tmp_path, closing)
            meter.note(chat(read=MILLION, model="dear"))
        for _ in range(2):
            meters[1].note(chat(read=7, model="new"))
        meters[1].telephone_begins()
        now[0] += 61
        await first.aclose()
        assert value("cost_usd_total", model="dear") == 1
        assert value("calls_in_progress_cost_usd") == 0
        await second.aclose()
    assert value("cost_usd_total", model="dear") == 2
    assert value("cost_usd_total", model=TELEPHONE) == 1
    assert value("cost_usd_total", model="new") == 0
    assert value("unpriced_uses_total", model="new") == 2
    assert value("unpriced_uses_total", model="dear") is None
    assert [*tmp_path.iterdir()] == []  # noqa: ASYNC240 - a folder of the test's own


async def test_a_call_in_progress_is_told_with_its_rate(tmp_path: Path, value: Value) -> None:
    """Soon after it was charged; its line is in its cost, and counts by model when it is over."""
    now = [100.0]
    meter = Meter(PRICES, clock=lambda: now[0])
    meter.telephone_begins()
    now[0] += 61
    costs = CallCosts(tmp_path, write_every_s=0.0)
    meter.on_cost(costs.add)
    meter.note(chat(read=MILLION, model="dear"))
    async with asyncio.timeout(10):
        while True:
            if value("cost_usd_per_minute"):
                break
            await asyncio.sleep(0.01)
    assert value("cost_usd_per_minute") == 1
    assert value("calls_in_progress_cost_usd") == 2
    assert value("cost_usd_total", model=TELEPHONE) is None
    await costs.aclose()
    assert value("cost_usd_per_minute") == 0


KILLED = """
import asyncio, os, signal, sys
from decimal import Decimal
from pathlib import Path
from agent.call.cost import Cost, Model, Usage
from agent.call.events import CostChanged
from agent.telemetry.costs import CallCosts

async def main():
    costs = CallCosts(folder := Path(sys.argv[1]), write_every_s=0)
    usd = Decimal(3)
    costs.add(CostChanged(Model("host", "dear"), Usage(characters=1), usd, Cost(usd), usd, "v1"))
    while not [*folder.glob("*.json")]:
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_a_job_that_is_killed_has_cost_what_it_had_until_then(tmp_path: Path, value: Value) -> None:
    """And nothing any more."""
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    for _ in range(2):
        assert value("cost_usd_total", model="dear") == 3
        assert value("calls_in_progress_cost_usd") == 0
