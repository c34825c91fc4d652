"""One process of the bench of records: it plays its calls, and watches its event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from agent.records.draining import Keeps
from agent.records.recorder import Recorder
from agent.records.redaction import build_redaction
from agent.records.rows import Header, Row, Writing, as_it_is
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings, PrivacySettings
from scripts.bench.call_script import call_id_of, events_of


@dataclass(frozen=True, slots=True)
class Share:
    """The calls of one process."""

    numbers: range
    of: int
    """Calls in all processes."""
    minutes: float
    begins_at: float
    """When, on the wall clock."""
    ramp_s: float
    """From the first call's beginning to the last one's."""
    url: str
    spool: Path
    recorded: bool
    """False: the same is done without a recorder, for comparison."""


@dataclass(slots=True)
class Watched:
    """What a process has seen, as counts of rounded values: they add up over processes."""

    note_us: Counter[int] = field(default_factory=Counter)
    """What `note` took."""
    block_ms: Counter[float] = field(default_factory=Counter)
    """For how long each callback held the loop."""
    own_ms: Counter[float] = field(default_factory=Counter)
    """What it computed in that time; for the rest it waited for a processor, or for another thread
    of its process.
    """
    lag_ms: Counter[int] = field(default_factory=Counter)
    """From an event's note to the end of the transaction that it came with."""
    noted: int = 0
    transactions: int = 0
    spooled: int = 0
    """Files that were left in the spool at the end of a call."""
    cpu_s: float = 0.0

    def add(self, other: Watched) -> None:
        """Take another process's too."""
        for name in self.__slots__:
            if isinstance(mine := getattr(self, name), Counter):
                mine.update(getattr(other, name))
            else:
                setattr(self, name, mine + getattr(other, name))


def play(share: Share) -> Watched:
    """Play a process's calls to their end."""
    return asyncio.run(_play(share))


class _TimedStore:
    """A store that measures how old events are once it has them."""

    def __init__(self, store: Keeps, watched: Watched) -> None:
        self._store = store
        self._watched = watched

    async def append(self, header: Header, rows: Sequence[Row], *, seen_at: datetime) -> None:
        """See Keeps."""
        await self._store.append(header, rows, seen_at=seen_at)
        now = datetime.now(UTC)
        self._watched.transactions += 1
        self._watched.lag_ms.update(round((now - row.at).total_seconds() * 1000) for row in rows)


async def _play(share: Share) -> Watched:
    watched = Watched()
    # Built before there is a call, as by jobs.
    databases = [Database(DatabaseSettings(url=share.url)) for _ in share.numbers]
    if (wait_s := share.begins_at - time.time()) < 0:
        raise TimeoutError("a process came too late")
    await asyncio.sleep(wait_s)
    began_cpu_s = time.process_time()
    with _watched_callbacks(watched):
        async with asyncio.TaskGroup() as calls:
            for number, database in zip(share.numbers, databases, strict=True):
                calls.create_task(_call(number, share, watched, database))
    watched.cpu_s = time.process_time() - began_cpu_s
    return watched


@contextmanager
def _watched_callbacks(watched: Watched) -> Iterator[None]:
    """Measure each callback of the calls' loop, not of the one that SQL may have in its thread; a
    loop in debug mode, which can, costs ten times that.
    """
    run, calls_thread = asyncio.Handle._run, threading.get_ident()

    def timed(handle: asyncio.Handle) -> None:
        if threading.get_ident() != calls_thread:
            run(handle)
            return
        began_s, own_s = time.perf_counter(), time.thread_time()
        run(handle)
        watched.own_ms[round((time.thread_time() - own_s) * 1000, 1)] += 1
        watched.block_ms[round((time.perf_counter() - began_s) * 1000, 1)] += 1

    with patch.object(asyncio.Handle, "_run", timed):
        yield


async def _call(number: int, share: Share, watched: Watched, database: Database) -> None:
    await asyncio.sleep(share.ramp_s * number / share.of)
    began_s = time.monotonic()
    async with AsyncExitStack() as closing:
        closing.push_async_callback(database.aclose)
        recorder = _recorder(number, share, watched, database) if share.recorded else None
        if recorder is not None:
            closing.push_async_callback(recorder.aclose)
        for due_s, event in events_of(number, share.minutes):
            await asyncio.sleep(began_s + due_s - time.monotonic())
            watched.noted += 1
            if recorder is not None:
                before_ns = time.perf_counter_ns()
                recorder.note(event)
                watched.note_us[(time.perf_counter_ns() - before_ns) // 1000] += 1
    watched.spooled += len(Spool(share.spool).files_of(call_id_of(number)))


def _recorder(number: int, share: Share, watched: Watched, database: Database) -> Recorder:
    """As a job has it: with a database of its own, and redaction as it is by default."""
    redaction = build_redaction(PrivacySettings())
    return Recorder(
        Header(call_id_of(number), f"room-{number}", datetime.now(UTC)),
        _TimedStore(CallStore(database), watched),
        Spool(share.spool),
        writing=Writing(redact=redaction.redact_value if redaction else as_it_is),
    )
