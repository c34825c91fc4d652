"""Calls in numbers."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from agent.call.record import (
    Charged,
    Closed,
    Opened,
    RecordEvent,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.records.rows import Header
from agent.records.statistics import Tally, Times, statistics
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from tests.unit.records.calls import BEGAN, moment, rows_of


def spoken(response_s: float | None, *, item: str = "i", interrupted: bool = False) -> TurnSpoken:
    latency = {} if response_s is None else {"whole": response_s}
    return TurnSpoken(item, "frontdesk", "Hello.", "Hello.", interrupted, latency_s=latency)


async def keep(store: CallStore, call_id: str, hour: int, *events: RecordEvent) -> None:
    began = BEGAN + timedelta(hours=hour)
    rows = rows_of([Opened("room"), *events])
    await store.append(Header(call_id, "room", began), rows, seen_at=began)


async def test_calls_are_counted(store: CallStore, database: Database) -> None:
    """By state and reason, with how long they and their answers took, and what they cost."""
    await keep(
        store,
        "one",
        0,
        TurnHeard("i", "Hello?", latency_s={"end_of_turn": 0.3}),
        spoken(0.8),
        spoken(1.2, interrupted=True),
        spoken(None, item="", interrupted=True),
        ToolEnded("find_order", "done", 0.2),
        ToolEnded("find_order", "timed out", 9.0),
        ToolEnded("book", "refused", 0.0),
        Charged("gpt", Decimal("0.01"), Decimal("0.01"), "1"),
        Charged("gpt", Decimal("0.02"), Decimal("0.03"), "1"),
        Closed("participant_disconnected"),
    )
    await keep(store, "two", 0, Charged("x", Decimal(0), Decimal(0), "1", ("x",)), Closed("idle"))
    await keep(store, "three", 0)
    found = await statistics(database)
    assert found.states == {"closed": 2, "open": 1}
    assert found.reasons == {"participant_disconnected": 1, "idle": 1}
    assert found.duration == Times(2, 3.0, 11.0)
    assert found.response == Times(2, 0.8, 1.2)
    assert (found.usd, found.usd_per_call) == (Decimal("0.03"), Decimal("0.015"))
    assert found.unpriced == ("x",)
    assert (found.interruptions, found.tool_calls, found.tool_failures) == (1, 3, 1)


async def test_a_period_has_its_first_moment_and_not_its_last(
    store: CallStore, database: Database
) -> None:
    """And nothing of the calls before and after it."""
    for hour in range(4):
        await keep(store, f"call-{hour}", hour, spoken(hour + 1.0), Closed("x"))
    since, before = BEGAN + timedelta(hours=1), BEGAN + timedelta(hours=3)
    found = await statistics(database, since=since, before=before)
    assert (found.calls, found.response) == (2, Times(2, 2.0, 3.0))


async def test_without_calls_there_are_no_times(database: Database) -> None:
    """And no division by none."""
    found = (await statistics(database)).as_json()
    assert (found["calls"], found["usd"], found["usd_per_call"]) == (0, "0", None)
    assert found["duration"] == {"count": 0, "p50_s": None, "p95_s": None}


def test_the_numbers_are_json() -> None:
    """Whole dollars and all."""
    tally = Tally()
    tally.add_call("closed", None, moment(5) - BEGAN)
    tally.add_event("charged", {"total_usd": "0.10", "unpriced": ["x"]})
    values = json.loads(json.dumps(tally.result().as_json()))
    assert (values["usd"], values["unpriced"], values["reasons"]) == ("0.10", ["x"], {"unknown": 1})


@pytest.mark.parametrize(
    ("count", "p50", "p95"), [(1, 1, 1), (2, 1, 2), (20, 10, 19), (99, 50, 95)]
)
def test_percentiles_are_times_that_were_measured(count: int, p50: float, p95: float) -> None:
    """By nearest rank, whatever their order."""
    assert Times.of(range(count, 0, -1)) == Times(count, p50, p95)
