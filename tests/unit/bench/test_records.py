"""What the bench of records holds against the database."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from agent.call.record import Charged, Closed, Entry, TurnHeard
from agent.records.rows import Header, Writing
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from scripts.bench.call_script import call_id_of, events_of
from scripts.bench.records import Load, check

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_simulated_call_has_the_rhythm_of_a_real_one() -> None:
    """Five minutes of turns, each with its cost, in order; and it is always the same."""
    timed = list(events_of(7, 5))
    assert timed == list(events_of(7, 5))
    assert all(before <= after for (before, _), (after, _) in pairwise(timed))
    kinds = Counter(type(event) for _, event in timed)
    assert (kinds[TurnHeard], kinds[Charged], kinds[Closed]) == (30, 130, 1)
    charged = [event for _, event in timed if isinstance(event, Charged)]
    assert sum(event.usd for event in charged) == charged[-1].total_usd


async def test_what_is_not_in_its_place_in_a_record_is_counted(tmp_path: Path) -> None:
    """A whole record, one with an event twice and without its end, and one that is not there."""
    settings = DatabaseSettings(url=f"sqlite:///{tmp_path}/parley.sqlite3")
    database = Database(settings)
    store = CallStore(database)
    whole, other = ([event for _, event in events_of(number, 0.2)] for number in range(2))
    for number, events in enumerate((whole, [*other[:5], *other[4:-1]])):
        rows = [Writing().row(Entry(seq, NOW, event)) for seq, event in enumerate(events, 1)]
        header = Header(call_id_of(number), f"room-{number}", NOW)
        await store.append(header, rows, seen_at=NOW)
    await database.aclose()
    assert await check(Load(3, 1, 0.2), settings.url.get_secret_value()) == {
        "noted": 3 * len(whole),
        "kept": 2 * len(whole),
        "lost": 1 + len(whole),
        "twice": 1,
        "out_of_order": 1,
        "not_closed": 1,
    }
