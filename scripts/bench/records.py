"""Many calls that are recorded at once, as their own loops and the database bear it.

    python -m scripts.bench.records [--calls 200] [--minutes 5] [--database sqlite]

Simulated calls (`scripts.bench.call_script`) write their events through the real recorder, store
and spool, each in a process of its own with a database of its own, as in a worker's jobs: forked
from one that has loaded what workers preload. PostgreSQL is started for it. Before that, the same
is played for half a minute without a recorder, which tells what a loop bears on this machine
anyway. Reported for each:

note       what noting an event takes the call: it is written by others
block      for how long one callback held the event loop
own        what the loop's thread computed meanwhile: for the rest of a block it waited for a
           processor, of which 200 calls have few here, or for another thread
lag        from noting an event until the transaction with it is over
events/s   written over the whole time, and transactions, and processor time of all processes
lost       what is not in the records afterwards, is there twice, or in another place
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from agent.call.record import RecordEvent
from agent.call.record_form import apart
from agent.errors import CallNotFound
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from scripts.bench.call_script import TURN_S, call_id_of, events_of
from scripts.bench.record_load import Share, Watched, play
from scripts.bench.results import Results
from tests.postgres import PostgresServer, postgres_programs

DATABASES = ("sqlite", "postgresql")
START_S, AGAIN_S = 20.0, 5.0
"""For all processes to be there, and to take up what is next."""
ALONE_MINUTES = 0.5
PRELOADED = [
    "agent.preload",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "asyncpg",
    "scripts.bench.record_load",
    "livekit.agents.ipc._preload_freeze",
]
"""As the processes of workers have it; the last one keeps the collector from what is loaded."""
CONNECTIONS_A_CALL = 2


@dataclass(frozen=True, slots=True)
class Load:
    """How many calls, over how many processes, for how long."""

    calls: int
    processes: int
    minutes: float
    ramp_s: float = TURN_S

    def shares(self, *, url: str, spool: Path, recorded: bool) -> list[Share]:
        """What each process does, from a common moment on."""
        bounds = [self.calls * n // self.processes for n in range(self.processes + 1)]
        minutes = self.minutes if recorded else min(self.minutes, ALONE_MINUTES)
        begins_at = time.time() + (AGAIN_S if recorded else START_S)
        ramp_s = self.ramp_s if recorded else TURN_S
        return [
            Share(range(first, last), self.calls, minutes, begins_at, ramp_s, url, spool, recorded)
            for first, last in pairwise(bounds)
        ]


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Many recorded calls at once.")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--ramp-s", type=float, default=60.0, help="in which the calls begin")
    parser.add_argument("--processes", type=int, help="over which calls are shared (default: each)")
    parser.add_argument("--database", choices=DATABASES, action="append")
    options = parser.parse_args()
    results = Results("records", vars(options))
    load = Load(options.calls, options.processes or options.calls, options.minutes, options.ramp_s)
    for kind in options.database or DATABASES:
        with tempfile.TemporaryDirectory() as folder, database_of(kind, Path(folder), load) as url:
            results.settings[kind] = measure(load, url, Path(folder) / "spool")
            print_figures(kind, results.settings[kind])
    results.write()


@contextmanager
def database_of(kind: str, folder: Path, load: Load) -> Iterator[str]:
    """The address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/parley.sqlite3"
        return
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with PostgresServer(programs, connections=load.calls * CONNECTIONS_A_CALL + 50) as server:
        yield server.new_database()


def measure(load: Load, url: str, spool: Path) -> dict[str, Any]:
    """Play it without and with recorders; the figures of both, and what became of the records."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(PRELOADED)
    with ProcessPoolExecutor(load.processes, mp_context=forking) as pool:
        asyncio.run(_prepare(url))
        alone = _together(pool.map(play, load.shares(url=url, spool=spool, recorded=False)))
        shares = load.shares(url=url, spool=spool, recorded=True)
        recorded = _together(pool.map(play, shares))
    lasted_s = time.time() - shares[0].begins_at
    return {
        "without": _figures(alone, TURN_S + shares[0].minutes * 60),
        "with": _figures(recorded, lasted_s),
        "records": asyncio.run(check(load, url)),
    }


async def check(load: Load, url: str) -> dict[str, int]:
    """Hold each record against what was noted, in its order."""
    database = Database(DatabaseSettings(url=url))
    store, wrong = CallStore(database), Counter[str]()
    for number in range(load.calls):
        noted = [event for _, event in events_of(number, load.minutes)]
        wrong["noted"] += len(noted)
        try:
            record = await store.call(call_id_of(number))
        except CallNotFound:
            wrong["lost"] += len(noted)
            continue
        kept = [entry.event for entry in record.entries]
        wrong["kept"] += len(kept)
        often, wanted = Counter(map(_form, kept)), Counter(map(_form, noted))
        wrong["lost"] += (wanted - often).total()
        wrong["twice"] += (often - wanted).total()
        wrong["out_of_order"] += kept != noted
        wrong["not_closed"] += record.call.state != "closed"
    await database.aclose()
    return {name: wrong[name] for name in (*_COUNTS, *wrong)}


def _form(event: RecordEvent) -> str:
    return json.dumps([event.kind, *apart(event)])


_COUNTS = ("noted", "kept", "lost", "twice", "out_of_order", "not_closed")


async def _prepare(url: str) -> None:
    """As a worker does when it starts."""
    database = Database(DatabaseSettings(url=url))
    await CallStore(database).prepare()
    await database.aclose()


def _together(parts: Iterator[Watched]) -> Watched:
    whole = Watched()
    for part in parts:
        whole.add(part)
    return whole


def _figures(watched: Watched, lasted_s: float) -> dict[str, Any]:
    counts: dict[str, Counter[Any]] = {
        "note_us": watched.note_us,
        "block_ms": watched.block_ms,
        "own_ms": watched.own_ms,
        "lag_ms": watched.lag_ms,
    }
    return {
        **{name: _percentiles(found) for name, found in counts.items() if found},
        "blocks_over_20_ms": sum(n for value, n in watched.block_ms.items() if value > 20),
        "own_over_20_ms": sum(n for value, n in watched.own_ms.items() if value > 20),
        "events": watched.noted,
        "events_per_s": round(watched.noted / lasted_s, 1),
        "transactions_per_s": round(watched.transactions / lasted_s, 1),
        "cores": round(watched.cpu_s / lasted_s, 3),
        "spool_files_left": watched.spooled,
        "counts": {name: sorted(found.items()) for name, found in counts.items()},
    }


def _percentiles(counts: Counter[Any]) -> dict[str, float]:
    return {f"p{p:g}": _percentile(counts, p) for p in (50, 99, 99.9)} | {"max": max(counts)}


def _percentile(counts: Counter[Any], percent: float) -> float:
    """The least value that so many percent do not exceed."""
    wanted, seen = sum(counts.values()) * percent / 100, 0
    ordered = sorted(counts.items())
    for value, count in ordered:
        seen += count
        if seen >= wanted:
            return float(value)
    return float(ordered[-1][0])


def print_figures(kind: str, measured: dict[str, Any]) -> None:
    """For people."""
    print(f"\n{kind:22}{'p50':>9}{'p99':>9}{'p99.9':>9}{'max':>9}")
    for which in ("without", "with"):
        for name, row in _rows(measured[which]):
            print(f"{which:8} {name:12} " + "".join(f"{row[p]:9.1f}" for p in row))
    for which in ("without", "with"):
        print(which, {k: v for k, v in measured[which].items() if not isinstance(v, dict)})
    print("records", measured["records"], flush=True)


def _rows(figures: dict[str, Any]) -> Sequence[tuple[str, dict[str, float]]]:
    return [(k, v) for k, v in figures.items() if isinstance(v, dict) and k != "counts"]


if __name__ == "__main__":
    main()
