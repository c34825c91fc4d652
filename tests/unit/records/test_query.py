"""Calls found page by page, read from an entry on, and counted by days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from agent.call.record import Charged, Closed, Opened, RecordEvent, TurnHeard, TurnSpoken
from agent.records.days import count_days
from agent.records.query import CallQuery, Place
from agent.records.rows import Header
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from tests.unit.records.calls import HEADER, SHORT_CALL, moment, rows_of

HOUR_S = 3_600


async def keep(store: CallStore, call_id: str, began_s: float, *events: RecordEvent) -> None:
    header = Header(call_id, "room", moment(began_s))
    await store.append(header, rows_of([Opened("room"), *events]), seen_at=moment(began_s))


async def pages(store: CallStore, query: CallQuery) -> list[list[str]]:
    """The ids on each page, to the last."""
    found: list[list[str]] = []
    behind: Place | None = None
    while not found or behind is not None:
        asked = CallQuery(
            text=query.text, limit=query.limit, most_searched=query.most_searched, behind=behind
        )
        page = await store.page(asked)
        found.append([call.id for call in page.calls])
        behind = page.end
    return found


async def test_pages_hold_each_call_once(store: CallStore) -> None:
    """The latest first, also where several began at once; the last page says that it is."""
    for number in range(6):
        await keep(store, f"call-{number}", number // 3)
    assert await pages(store, CallQuery(limit=4)) == [
        ["call-3", "call-4", "call-5", "call-0"],
        ["call-1", "call-2"],
    ]
    assert await pages(store, CallQuery(limit=6)) == [
        ["call-3", "call-4", "call-5", "call-0", "call-1", "call-2"]
    ]


async def test_a_search_goes_on_where_it_stopped_looking(store: CallStore) -> None:
    """After so many calls were looked through, whatever was found in them."""
    for number in range(7):
        said = "a banana" if number % 3 == 0 else "an apple"
        await keep(store, f"call-{number}", number, TurnHeard("i", said))
    found = await pages(store, CallQuery(text="Banana", limit=5, most_searched=2))
    assert found == [["call-6"], ["call-3"], [], ["call-0"]]
    assert await pages(store, CallQuery(text="banana", limit=1)) == [
        ["call-6"],
        ["call-3"],
        ["call-0"],
    ]


@pytest.mark.parametrize("after", [0, 4, 100])
async def test_a_call_is_read_from_an_entry_on(store: CallStore, after: int) -> None:
    """The call as a whole is told each time."""
    await store.append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))
    record = await store.call(HEADER.call_id, after=after)
    assert record.call.state == "closed"
    assert [entry.seq for entry in record.entries] == list(range(after + 1, len(SHORT_CALL) + 1))


async def test_days_begin_on_the_clock_of_the_business(
    store: CallStore, database: Database
) -> None:
    """Each with its own calls, waits and bills; the last word on a bill counts."""
    spoken = TurnSpoken("i", "p", "Hello", "Hello", latency_s={"whole": 0.5})
    first = Charged("m", Decimal("0.25"), Decimal("0.25"), "1")
    last = Charged("m", Decimal("0.5"), Decimal("0.75"), "1", ("other",))
    await keep(store, "noon", 0, spoken, first, last, Closed("error"))
    await keep(store, "evening", 11.5 * HOUR_S, spoken, spoken, first)
    await keep(store, "day before", -13 * HOUR_S)
    berlin, utc = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
    days = await count_days(database, moment(-1), None, berlin)
    second, third = date(2026, 3, 2), date(2026, 3, 3)
    assert sorted(days.by_day) == [second, third]
    assert days.by_day[second].reasons == {"error": 1}
    assert (days.by_day[second].usd, days.by_day[third].usd) == (Decimal("0.75"), Decimal("0.25"))
    assert days.by_day[third].response.count == 2
    assert (days.total.calls, days.total.usd, days.total.unpriced) == (2, 1, ("other",))
    assert days.is_whole
    assert sorted((await count_days(database, None, moment(1), utc)).by_day) == [
        date(2026, 3, 1),
        second,
    ]
    assert (await count_days(database, moment(10**7), None, utc)).as_json()["days"] == []
